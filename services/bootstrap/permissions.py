"""The table of permissions: (role, action) -> scope. What is not in it is forbidden.

The actions are the commands, whose permissions are in the descriptions of their services, and the reads below. `territory` is where the
actor works; `own` and `addressee` compare the actor with what it asks for: the aggregate checks it for a command, the gateway for a read.
A read of the whole programme, `all`, is open to everybody who may read one territory of it, masked like any committee's figure.
"""

from collections.abc import Iterable, Mapping

from services.vocabulary.roles import BY_OWNER, Role
from shared.description import ServiceDescription
from shared.trust.scope import Roles, Scope

READS: Mapping[str, Roles] = {
    "read_events": {
        "coach": "territory",
        "coordinator": "all",
        "prescriber": "own",
        "partner": "addressee",
        "auditor": "all",
        "dpo": "all",
        "participant": "own",
        "system": "all",
    },
    "read_timeline": {"coach": "territory", "coordinator": "all", "auditor": "all", "dpo": "all", "participant": "own", "system": "all"},
    "read_people": {"coach": "territory", "coordinator": "all", "auditor": "all", "dpo": "all", "participant": "own", "system": "all"},
    "read_identity": {"coach": "territory", "coordinator": "all", "dpo": "all", "participant": "own"},
    "read_profile": {"coach": "territory", "coordinator": "all", "dpo": "all", "participant": "own"},
    "read_note": {"coach": "territory", "dpo": "all", "participant": "own"},
    "read_referrals": {"coach": "territory", "coordinator": "all", "partner": "addressee", "auditor": "all", "dpo": "all", "system": "all"},
    "read_orientations": {"coach": "territory", "coordinator": "all", "prescriber": "own", "auditor": "all", "dpo": "all", "system": "all"},
    "read_loans": {"coach": "territory", "coordinator": "all", "auditor": "all", "dpo": "all", "system": "all"},
    "read_partners": {"coach": "territory", "coordinator": "all", "auditor": "all", "dpo": "all", "system": "all"},
    "read_workshops": {"coach": "territory", "coordinator": "all", "auditor": "all", "dpo": "all", "system": "all"},
    "read_programme": {role.value: "all" for role in Role},
    "read_tasks": {"coach": "territory", "coordinator": "all", "auditor": "all", "system": "all"},
    "read_operations": {"operator": "all", "auditor": "all", "system": "all"},
    "read_indicators": {
        "coach": "territory",
        "coordinator": "all",
        "prescriber": "territory",
        "partner": "territory",
        "committee": "territory",
        "funder": "all",
        "auditor": "all",
        "dpo": "all",
        "system": "all",
    },
    "read_evidence": {
        "coach": "territory",
        "coordinator": "all",
        "committee": "territory",
        "auditor": "all",
        "dpo": "all",
        "system": "all",
    },
    "read_webhooks": {**BY_OWNER, "coordinator": "all", "auditor": "all", "dpo": "all"},
    "read_accounts": {"administrator": "all", "coordinator": "all", "auditor": "all", "dpo": "all", "system": "all"},
    "follow_feed": {
        "coach": "territory",
        "coordinator": "all",
        "prescriber": "territory",
        "partner": "territory",
        "committee": "territory",
        "funder": "all",
        "auditor": "all",
        "dpo": "all",
        "participant": "own",
        "system": "all",
    },
}


def table(services: Iterable[ServiceDescription]) -> dict[tuple[str, str], Scope]:
    """The whole table, of all commands and reads."""
    commands = {command.__name__: roles for service in services for command, roles in service.permissions.items()}
    return {(role, action): scope for action, roles in {**commands, **READS}.items() for role, scope in roles.items()}
