"""The codes of reporting: those of the definitions, and the details of facts that no command has."""

from shared.coded_value import CodedValue

TARGET_OF = {"positive_target": "positive_rate"}  # the distance to a target is set as the target of the rate itself


class OutcomeClass(CodedValue):
    """The class of an exit in the taxonomy of the programme, where positive and dynamic are disjoint."""

    POSITIVE = "POSITIVE", "positive"
    DYNAMIC = "DYNAMIC", "dynamique"
    OTHER = "OTHER", "autre sortie"


class ReferralStage(CodedValue):
    """The stage at which a referral counts as a redirection."""

    SENT = "SENT", "envoyée"
    ACCEPTED = "ACCEPTED", "l’orientation est acceptée"
    COMPLETED = "COMPLETED", "terminée"


class OutcomeQuality(CodedValue):
    """What an outcome was, as facts and definitions name it. The first ones are the contracts of coaching."""

    CDI = "CDI", "CDI"
    CDD = "CDD", "CDD"
    INTERIM = "INTERIM", "intérim"
    ALTERNANCE = "ALTERNANCE", "alternance"
    TITULARISATION = "TITULARISATION", "titularisation"
    CONTRAT_AIDE = "CONTRAT_AIDE", "contrat aidé"
    SIAE = "SIAE", "structure d’insertion"
    CREATION = "CREATION", "création d’entreprise"
    FORMATION_QUALIFIANTE = "FORMATION_QUALIFIANTE", "formation qualifiante"
    FORMATION_PRE_QUALIFIANTE = "FORMATION_PRE_QUALIFIANTE", "formation pré-qualifiante"
    SCOLARITE = "SCOLARITE", "retour à l’école"
    SERVICE_CIVIQUE = "SERVICE_CIVIQUE", "service civique"
    DISPOSITIF_INTENSIF = "DISPOSITIF_INTENSIF", "dispositif intensif"


class SeatStatus(CodedValue):
    """What became of a seat in a workshop."""

    TAKEN = "TAKEN", "place prise"
    RELEASED = "RELEASED", "place rendue"
    ATTENDED = "ATTENDED", "présente"
    MISSED = "MISSED", "absente"
    EXCUSED = "EXCUSED", "absente, excusée"
