"""The roles of the log's database: one for each process, with the rights that its work needs and no other.

Everybody reads the log and every checkpoint. A service appends its own events in its own streams, and what its policies may tell of tasks;
it moves its own checkpoints and holds its own leases. The rest belongs to one role each: webhooks their deliveries, gateways their
records, the relay the tree heads. Nobody changes an event.

`parcours setup` grants them, as the owner of the log. `deploy/postgres` shows each role as SQL. The read models are in a database of their
own, which the role of reporting owns and no other enters; so are the keys of persons, with one role for all who read what is personal.
"""

from collections.abc import Mapping, Sequence

from services.bootstrap.coverage_check import BESIDE_LOG, OF_REPORTING
from services.bootstrap.names import GATEWAY, NAMES, PROCESSES, RELAY
from services.bootstrap.policy_tasks import EVENTS, STREAMS
from services.bootstrap.registry import SERVICES
from services.intake.key_projector import NAME as PERSON_KEYS
from shared.bus.names import FIGURES
from shared.message import PREFIX
from shared.proof.sealer import NAME as SEALER
from shared.store.deliveries import WEBHOOK
from shared.store.postgres.rights import Rights

READ, ADD, MOVE, ALL = ("select",), ("select", "insert"), ("select", "insert", "update"), ("select", "insert", "update", "delete")
OF_ALL: Mapping[str, Sequence[str]] = {"events": READ, "checkpoints": READ, "coverage": READ}
HOLDS: Mapping[str, Sequence[str]] = {"events": READ, "checkpoints": MOVE, "coverage": MOVE, "leases": MOVE}
OF_ONE: Mapping[str, Mapping[str, Sequence[str]]] = {
    "webhooks": {"webhooks": MOVE, "webhook_deliveries": ALL},
    GATEWAY: {"ended_sessions": ALL, "command_keys": ALL, "login_links": ALL},
    RELAY: {"tree_heads": ADD, "webhooks": READ, "webhook_deliveries": READ},  # it checks what webhooks have sent
}
MORE_NAMES: Mapping[str, Sequence[str]] = {
    "intake": (PERSON_KEYS,),
    "reporting": (FIGURES, OF_REPORTING),
    "webhooks": ("webhooks", f"{WEBHOOK} "),
    RELAY: (RELAY, "feed", SEALER, BESIDE_LOG),
}
"""Of checkpoints, coverage and leases, beside those that begin with the name of the service and a dot."""


def role_of(process: str) -> str:
    return f"parcours_{process}"


def rights_of(process: str) -> Rights:
    tables = {**(OF_ALL if process == GATEWAY else HOLDS), **OF_ONE.get(process, {})}
    own = [f"{process}."] if process in NAMES else []
    return Rights(role_of(process), tables, (*own, *MORE_NAMES.get(process, ())), appends_of(process))


def appends_of(process: str) -> Sequence[tuple[str, str]]:
    """How the streams and the types begin of what a process may append."""
    if process not in NAMES:
        return ()
    own = [(stream, f"{PREFIX}{process}.") for stream in SERVICES[process].streams]
    return [*own, *((STREAMS, f"{PREFIX}{kind}") for kind in EVENTS if SERVICES[process].policies)]


ROLES: Mapping[str, Rights] = {process: rights_of(process) for process in PROCESSES}
"""By the name of a process."""
