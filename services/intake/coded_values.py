"""The codes of intake, with what people read for them. A person is « une personne », so the adjectives are feminine."""

from shared.coded_value import CodedValue


class Channel(CodedValue):
    """Where or how a person was met."""

    RUE = "RUE", "dans la rue"
    PORTE_A_PORTE = "PORTE_A_PORTE", "au porte-à-porte"
    PERMANENCE = "PERMANENCE", "en permanence"
    EVENEMENT = "EVENEMENT", "lors d’un événement"
    PARTENAIRE = "PARTENAIRE", "par un partenaire"
    BOUCHE_A_OREILLE = "BOUCHE_A_OREILLE", "par le bouche-à-oreille"
    SPONTANE = "SPONTANE", "venue d’elle-même"


class Radar(CodedValue):
    """Whether an institution follows the person."""

    NON_INSCRIT = "NON_INSCRIT", "inscrite nulle part"
    SANS_CONTACT_5_MOIS = "SANS_CONTACT_5_MOIS", "sans contact depuis cinq mois"
    SUIVI = "SUIVI", "déjà suivie"
    INCONNU = "INCONNU", "non connu"


class ClosingReason(CodedValue):
    """Why a contact ends without a journey."""

    REORIENTE = "REORIENTE", "réorientée vers un partenaire"
    REFUS = "REFUS", "refus"
    PERDU_DE_VUE = "PERDU_DE_VUE", "perdue de vue"
    NON_ELIGIBLE = "NON_ELIGIBLE", "non éligible"
    DEMENAGEMENT = "DEMENAGEMENT", "déménagement"
    DECES = "DECES", "décès"
    AUTRE = "AUTRE", "autre"


class ErasureBasis(CodedValue):
    """Why a person's key is destroyed."""

    DEMANDE = "DEMANDE", "à la demande de la personne"
    RETENTION = "RETENTION", "fin de la durée de conservation"


class ContactOutcome(CodedValue):
    """What came of an attempt to reach the person."""

    JOINT = "JOINT", "jointe"
    ABSENT = "ABSENT", "absente"
    REFUS = "REFUS", "refus"
    MESSAGE_LAISSE = "MESSAGE_LAISSE", "message laissé"


class NoticeMode(CodedValue):
    """How the information on personal data was given."""

    ORAL = "ORAL", "de vive voix"
    ECRIT = "ECRIT", "par écrit"


class Sex(CodedValue):
    F = "F", "femme"
    M = "M", "homme"
    AUTRE = "AUTRE", "autre"


class Registration(CodedValue):
    """The employment service with which the person is registered at entry."""

    NON_INSCRIT = "NON_INSCRIT", "inscrite nulle part"
    FRANCE_TRAVAIL = "FRANCE_TRAVAIL", "France Travail"
    MISSION_LOCALE = "MISSION_LOCALE", "Mission locale"
    CAP_EMPLOI = "CAP_EMPLOI", "Cap emploi"


class EducationLevel(CodedValue):
    """The level in the French nomenclature of 2019."""

    NIVEAU_3_OU_MOINS = "NIVEAU_3_OU_MOINS", "niveau 3 ou moins"
    NIVEAU_4 = "NIVEAU_4", "niveau 4"
    NIVEAU_5_ET_PLUS = "NIVEAU_5_ET_PLUS", "niveau 5 et plus"
    INCONNU = "INCONNU", "non connu"


class Household(CodedValue):
    SEUL = "SEUL", "seule"
    SEUL_ENFANTS = "SEUL_ENFANTS", "seule avec enfants"
    COUPLE = "COUPLE", "en couple"
    COUPLE_ENFANTS = "COUPLE_ENFANTS", "en couple avec enfants"
    AUTRE = "AUTRE", "autre"


class Verdict(CodedValue):
    """Whether the person may enter the programme."""

    ELIGIBLE = "ELIGIBLE", "éligible"
    NON_ELIGIBLE = "NON_ELIGIBLE", "non éligible"
    DEROGATION = "DEROGATION", "éligible par dérogation"


class PrescriberKind(CodedValue):
    FRANCE_TRAVAIL = "FRANCE_TRAVAIL", "France Travail"
    MISSION_LOCALE = "MISSION_LOCALE", "Mission locale"
    CAP_EMPLOI = "CAP_EMPLOI", "Cap emploi"
    CCAS = "CCAS", "CCAS"
    DEPARTEMENT = "DEPARTEMENT", "Département"
    ASSOCIATION = "ASSOCIATION", "une association"
    SPIP = "SPIP", "SPIP"
    SANTE = "SANTE", "santé"
    AUTRE = "AUTRE", "autre"


class OrientationDeclineReason(CodedValue):
    """Why an orientation is declined."""

    HORS_QPV = "HORS_QPV", "hors du quartier prioritaire"
    NON_ELIGIBLE = "NON_ELIGIBLE", "non éligible"
    DEJA_SUIVI = "DEJA_SUIVI", "déjà suivie"
    INJOIGNABLE = "INJOIGNABLE", "injoignable"
    REFUS = "REFUS", "refus"
    AUTRE = "AUTRE", "autre"
