"""The codes of coaching, with what people read for them. A person is « une personne », so the adjectives are feminine."""

from shared.coded_value import CodedValue


class HandoverReason(CodedValue):
    """Why another coach becomes the referent."""

    ABSENCE = "ABSENCE", "absence"
    DEPART = "DEPART", "départ"
    DEMANDE = "DEMANDE", "à la demande de la personne"
    TERRITOIRE = "TERRITOIRE", "changement de territoire"


class Constraint(CodedValue):
    """The level of the person on a thematique, in a diagnostic."""

    NON_ABORDEE = "NON_ABORDEE", "non abordée"
    OUI = "OUI", "présente"
    CLOTUREE = "CLOTUREE", "levée"


class InterviewMode(CodedValue):
    PRESENTIEL = "PRESENTIEL", "en face à face"
    TELEPHONE = "TELEPHONE", "par téléphone"
    VISIO = "VISIO", "en visio"
    DOMICILE = "DOMICILE", "à domicile"


class Contract(CodedValue):
    CDI = "CDI", "CDI"
    CDD = "CDD", "CDD"
    INTERIM = "INTERIM", "intérim"
    ALTERNANCE = "ALTERNANCE", "alternance"
    TITULARISATION = "TITULARISATION", "titularisation"
    CONTRAT_AIDE = "CONTRAT_AIDE", "contrat aidé"
    SIAE = "SIAE", "structure d’insertion"


class Evidence(CodedValue):
    """What the coach has seen of a job."""

    CONTRAT = "CONTRAT", "contrat"
    FICHE_DE_PAIE = "FICHE_DE_PAIE", "fiche de paie"
    ATTESTATION = "ATTESTATION", "attestation"
    DECLARATION = "DECLARATION", "déclaration"


class TrainingKind(CodedValue):
    QUALIFIANTE = "QUALIFIANTE", "qualifiante"
    PRE_QUALIFIANTE = "PRE_QUALIFIANTE", "pré-qualifiante"


class IntensiveScheme(CodedValue):
    """Another scheme that takes the person in."""

    CEJ = "CEJ", "CEJ"
    EPIDE = "EPIDE", "EPIDE"
    E2C = "E2C", "École de la 2e chance"
    AUTRE = "AUTRE", "autre"


class ExitReason(CodedValue):
    OUTCOME = "OUTCOME", "vers une issue"
    ABANDON = "ABANDON", "abandon"
    PERDU_DE_VUE = "PERDU_DE_VUE", "perdue de vue"
    SANS_SOLUTION = "SANS_SOLUTION", "sans solution"
    DEMANDE = "DEMANDE", "à la demande de la personne"
    DEMENAGEMENT = "DEMENAGEMENT", "déménagement"
    DECES = "DECES", "décès"
    SANTE_LONGUE = "SANTE_LONGUE", "longue maladie"
    INCARCERATION = "INCARCERATION", "incarcération"


class CorrectionReason(CodedValue):
    """Why an exit or an outcome is stated again, or a record is taken back."""

    SAISIE = "SAISIE", "erreur de saisie"
    JUSTIFICATIF = "JUSTIFICATIF", "justificatif reçu"
    REQUALIFICATION = "REQUALIFICATION", "issue requalifiée"


class NeutralReason(CodedValue):
    """Why an exit counts neither for nor against the programme."""

    DEMENAGEMENT = "DEMENAGEMENT", "déménagement"
    DECES = "DECES", "décès"
    SANTE_LONGUE = "SANTE_LONGUE", "longue maladie"
    INCARCERATION = "INCARCERATION", "incarcération"


class DenialReason(CodedValue):
    """Why a renewal is not granted."""

    OBJECTIF_ATTEINT = "OBJECTIF_ATTEINT", "objectif atteint"
    AUTRE_DISPOSITIF = "AUTRE_DISPOSITIF", "autre dispositif"
    SANS_ADHESION = "SANS_ADHESION", "sans adhésion"


class Milestone(CodedValue):
    """When news of a person is due after the exit."""

    M3 = "M3", "3 mois"
    M6 = "M6", "6 mois"


class Situation(CodedValue):
    """Where a person is at a follow-up."""

    EMPLOI = "EMPLOI", "en emploi"
    FORMATION = "FORMATION", "en formation"
    RECHERCHE = "RECHERCHE", "en recherche"
    INACTIF = "INACTIF", "sans activité"
    AUTRE = "AUTRE", "autre"


class FollowUpChannel(CodedValue):
    TELEPHONE = "TELEPHONE", "par téléphone"
    SMS = "SMS", "par SMS"
    RENCONTRE = "RENCONTRE", "lors d’une rencontre"
    COURRIEL = "COURRIEL", "par courriel"


class LifeDomain(CodedValue):
    """A domain of life in which a participant sees an effect."""

    SANTE = "SANTE", "santé"
    GARDE_ENFANT = "GARDE_ENFANT", "garde d’enfant"
    LOGEMENT = "LOGEMENT", "logement"
    MOBILITE = "MOBILITE", "mobilité"
    ESTIME_DE_SOI = "ESTIME_DE_SOI", "estime de soi"


class SeatReleaseReason(CodedValue):
    EMPECHEMENT = "EMPECHEMENT", "empêchement"
    DEMANDE = "DEMANDE", "à la demande de la personne"
    ANNULATION = "ANNULATION", "annulation"
