"""The codes of accounts, with what people read for them."""

from shared.coded_value import CodedValue


class AccessReason(CodedValue):
    """Why access is given, withheld or taken away. A code, so that nothing about a person is written into the log."""

    PRISE_DE_FONCTION = "PRISE_DE_FONCTION", "prise de fonction"
    CHANGEMENT_DE_FONCTION = "CHANGEMENT_DE_FONCTION", "changement de fonction"
    REMPLACEMENT = "REMPLACEMENT", "remplacement"
    FIN_DE_FONCTION = "FIN_DE_FONCTION", "fin de fonction"
    REVUE_DES_ACCES = "REVUE_DES_ACCES", "revue des accès"
    INCIDENT_DE_SECURITE = "INCIDENT_DE_SECURITE", "incident de sécurité"
    ACCES_DONNE_PAR_ERREUR = "ACCES_DONNE_PAR_ERREUR", "accès donné par erreur"
    INSTALLATION = "INSTALLATION", "mise en service"
