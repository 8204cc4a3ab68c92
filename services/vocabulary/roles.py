"""The roles of the programme, and who may usually do what.

`territory` is where the actor works; `own`, `addressee` and `owner` compare the actor with what it asks for: the aggregate checks it for a
command, the gateway for a query.
"""

from shared.coded_value import CodedValue
from shared.trust.scope import Roles


class Role(CodedValue):
    COACH = "coach", "coach"
    COORDINATOR = "coordinator", "coordination"
    PRESCRIBER = "prescriber", "prescripteur"
    PARTNER = "partner", "partenaire"
    COMMITTEE = "committee", "comité technique"
    FUNDER = "funder", "financeur"
    AUDITOR = "auditor", "audit"
    DPO = "dpo", "protection des données"
    PARTICIPANT = "participant", "participant"
    OPERATOR = "operator", "exploitation"
    ADMINISTRATOR = "administrator", "administration des accès"
    SYSTEM = "system", "le système"


SPEAK_FOR_AN_ORGANISATION = frozenset({Role.PRESCRIBER, Role.PARTNER})
GIVEN_BY_COORDINATION = frozenset({Role.COACH, Role.PRESCRIBER, Role.PARTNER, Role.COMMITTEE, Role.PARTICIPANT})
"""What a coordinator may give: what reads and does less than coordination itself. An administrator gives every role."""
NEVER_GRANTED = frozenset({Role.SYSTEM})
"""No session leads to it."""

BY_COACH: Roles = {"coach": "territory", "coordinator": "all", "system": "all"}
BY_COORDINATOR: Roles = {"coordinator": "all", "system": "all"}
BY_PRESCRIBER: Roles = {"prescriber": "own", "system": "all"}
BY_PARTNER: Roles = {"partner": "addressee", "system": "all"}
BY_DPO: Roles = {"dpo": "all", "system": "all"}
BY_ADMINISTRATOR: Roles = {"administrator": "all", "coordinator": "all", "system": "all"}
BY_SYSTEM: Roles = {"system": "all"}
BY_PARTICIPANT: Roles = {"participant": "all"}
BY_OWNER: Roles = {
    "coach": "owner",
    "coordinator": "owner",
    "prescriber": "owner",
    "partner": "owner",
    "committee": "owner",
    "funder": "owner",
    "auditor": "owner",
    "dpo": "owner",
    "system": "all",
}
BY_OWNER_OR_COORDINATOR: Roles = {**BY_OWNER, "coordinator": "all"}
