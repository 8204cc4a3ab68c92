"""The codes of referrals, with what people read for them. A person is « une personne », so the adjectives are feminine."""

from shared.coded_value import CodedValue


class WithdrawalReason(CodedValue):
    """Why a referral is withdrawn."""

    DEMANDE = "DEMANDE", "à la demande de la personne"
    SORTIE = "SORTIE", "sortie du parcours"
    ERREUR = "ERREUR", "erreur"
    FICHE_REUNIE = "FICHE_REUNIE", "la fiche est réunie à une autre"
    AUTRE = "AUTRE", "autre"


class ReferralResult(CodedValue):
    """What came of a referral that a partner accepted."""

    ENTREE_EN_FORMATION = "ENTREE_EN_FORMATION", "entrée en formation"
    EMPLOI = "EMPLOI", "en emploi"
    ACCOMPAGNEMENT = "ACCOMPAGNEMENT", "accompagnement"
    SANS_SUITE = "SANS_SUITE", "sans suite"


class DeclineReason(CodedValue):
    """Why a partner declines, in the codes of the national referral services."""

    NON_JOIGNABLE = "non-joignable", "non joignable"
    ABSENT = "absent", "absent"
    EN_EMPLOI = "en-emploi", "en emploi"
    EN_FORMATION = "en-formation", "en formation"
    NON_ELIGIBLE = "non-eligible", "non éligible"
    NON_MOBILE = "non-mobile", "non mobile"
    NON_INTERESSE = "non-interesse", "non intéressée"
    FREINS_PERIPHERIQUES = "freins-peripheriques", "freins périphériques"
    SESSION_COMPLETE = "session-complete", "session complète"
    DOUBLON = "doublon", "doublon"
    AUTRE = "autre", "autre"


class InformedOf(CodedValue):
    """The milestone of which a prescriber is informed."""

    ACCEPTED = "ACCEPTED", "l’orientation est acceptée"
    EXITED = "EXITED", "le parcours est terminé"
