"""The French label of every state that answers name by a word: by schema and member, then by word. Part of the published language.

The codes that commands and events use have their labels with them (`CodedValue`). These words are those of the read models.
"""

from collections.abc import Mapping

STATES: Mapping[str, Mapping[str, str]] = {
    "PersonLine.journey": {"none": "aucun parcours", "open": "parcours ouvert", "exited": "parcours terminé"},
    "JourneyState.status": {"open": "parcours ouvert", "exited": "parcours terminé"},
    "ReferralLine.status": {
        "sent": "demande envoyée",
        "seen": "demande vue",
        "accepted": "demande acceptée",
        "declined": "demande déclinée",
        "completed": "demande menée à son terme",
        "withdrawn": "demande retirée",
    },
    "OrientationLine.status": {"received": "orientation reçue", "accepted": "orientation acceptée", "declined": "orientation déclinée"},
    "WorkshopLine.status": {"scheduled": "atelier prévu", "closed": "atelier clos"},
    "LoanLine.status": {"lent": "ordinateur prêté", "returned": "ordinateur rendu", "bought_out": "ordinateur racheté"},
    "FollowUpState.status": {
        "planned": "suivi à venir",
        "due": "suivi à faire",
        "missed": "suivi manqué",
        "completed": "suivi fait",
        "cancelled": "suivi annulé",
    },
}
