"""Every name that outlives a process: what is stored in a log, a database or a broker, computed from the code as it is now.

`python -m tests.architecture.persisted_names` writes them to persisted_names.json. Do so with each release: from then on, a log may hold
them, and the test compares them.
"""

import re
import sqlite3
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID, uuid5

import msgspec

from services.bootstrap.composition import FIRST_DEFINITIONS
from services.bootstrap.registry import SERVICES
from services.bootstrap.webhooks import STOPS
from services.cli.commands import STUDY
from services.reporting.facts.tables import TABLES
from services.reporting.projection.deadlines import WRITER_LOCK_ID as READ_MODELS_LOCK
from services.reporting.projection.status import TABLE as STATUS_TABLE
from services.vocabulary.calendar import ZONE, start_of_day
from services.vocabulary.french import VALIDATION
from services.vocabulary.programme import PROGRAMME
from services.webhooks.delivery.index import NAME as WEBHOOKS
from shared.admission import Admission
from shared.bus import topology
from shared.bus.dead_letter_file import FileDeadLetters
from shared.bus.names import FIGURES, SOLE
from shared.bus.policy_inbox import PolicyInbox
from shared.bus.projection_inbox import ProjectionInbox
from shared.bus.relay import Relay
from shared.command_handler import CommandHandler, event_id
from shared.decider import Decider
from shared.message import Actor, CommandMessage
from shared.policy import policy_command_id
from shared.proof.sealer import NAME as SEALER
from shared.store.postgres import lease as postgres_lease
from shared.store.postgres import schema as postgres_schema
from shared.store.sqlite.checkpoints import SqliteCheckpoints
from shared.store.sqlite.deliveries import SqliteDeliveries
from shared.store.sqlite.gateway_records import SqliteGatewayRecords
from shared.store.sqlite.store import SqliteStore
from shared.store.sqlite.tree_heads import SqliteTreeHeads
from shared.store.tree_heads import TreeHead
from shared.time import now
from shared.trust.seals import key_for
from shared.trust.webhook_secrets import PURPOSE, WebhookSecrets
from shared.version import __version__

COMMAND_ID = UUID("11111111-1111-4111-8111-111111111111")
EVENT_ID = UUID("22222222-2222-4222-8222-222222222222")
ANY: Any = None
FILE = Path(__file__).parent / "persisted_names.json"

SCHEMA = re.compile(r"urn:parcours:(?P<kind>[\w.]+):(?P<version>\d+)")


def filled(struct: type[Any]) -> Any:
    """A struct whose every field holds its own name. Structs check no type when they are made."""
    return struct(**{field.name: field.name for field in msgspec.structs.fields(struct)})


def message(command: str) -> CommandMessage:
    return CommandMessage(
        id=COMMAND_ID,
        type=command,
        actor=Actor("actor", "role", "organisation"),
        territory="territory",
        time=start_of_day(date(2024, 3, 1)),
        data={},
        causation_id="cause",
        correlation_id="correlation",
    )


def bodies(decider: Decider[Any, Any, Any]) -> dict[str, Any]:
    """Each event as it is appended, envelope and data. A field may be added: events without it are read for ever."""
    handler = CommandHandler([decider], ANY, ANY, Admission(now, ZONE, VALIDATION))
    command_type = next(iter(handler.command_types.values()))
    written = [handler.new_event(command_type, message("command"), "stream", filled(event), 0) for event in decider.event_types]
    return {event.type: msgspec.json.decode(event.body) for event in written}


def streams(decider: Decider[Any, Any, Any]) -> dict[str, str]:
    return {command.__name__: decider.stream(filled(command)) for command in decider.command_types}


def sqlite_objects(path: Path) -> dict[str, str]:
    """Every object of a database by name, with the statement that made it (comments and spacing left out)."""
    with sqlite3.connect(path) as connection:
        rows = connection.execute("select name, coalesce(sql, '') from sqlite_master order by name").fetchall()
    return {name: " ".join(re.sub(r"--[^\n]*", "", sql).split()) for name, sql in rows}


def postgres_objects(scripts: Iterable[str]) -> list[str]:
    """What the scripts make, by name."""
    statements = re.sub(r"--[^\n]*", "", "\n".join(scripts))
    return sorted(set(re.findall(r"(?:table|function|trigger|index|role)(?: if not exists)? ([\w.]+)", statements)))


def postgres_scripts() -> dict[str, list[str]]:
    """What makes each part of a database; the log is all that no other part is."""
    parts = {
        "gateway records": ["gateway_records"],
        "leases": ["leases"],
        "tree heads": ["tree_heads"],
        "coverage": ["coverage"],
        "rights": ["writers", "held_names"],
    }
    by_name = dict(zip(postgres_schema.ORDER, postgres_schema.SCRIPTS, strict=True))
    scripts = {part: [by_name.pop(name) for name in names] for part, names in parts.items()}
    return {"log": [*by_name.values()], **scripts}


def policies() -> dict[str, str]:
    """Each policy's id -> the id of the command that it gives for one event."""
    return {policy.id: str(policy_command_id(EVENT_ID, policy.id)) for service in SERVICES.values() for policy in service.policies}


def checkpoints() -> list[str]:
    inbox = PolicyInbox("service", ANY, ANY, ANY)
    relay = Relay(ANY, ANY, "amqp://localhost")
    assert relay.feed is not None
    return [
        inbox.lease,
        inbox.attempt_checkpoint(1),
        inbox.attempt_checkpoint(1, "returned"),
        ProjectionInbox("service", ANY, ANY).lease,
        relay.name,
        relay.feed.name,
        STUDY,
    ]


def broker() -> dict[str, Any]:
    return {
        "events": SOLE.events,
        "dead": SOLE.dead,
        "feed": SOLE.feed,
        "inbox": SOLE.inbox("service"),
        "dead letters": SOLE.dead_letters("service"),
        "inbox arguments": topology.inbox_arguments(SOLE, "service"),
        "replay header": topology.REPLAY_HEADER,
    }


def persisted_names(folder: Path) -> dict[str, Any]:
    deciders = [aggregate for service in SERVICES.values() for aggregate in service.aggregates]
    SqliteStore(folder / "log.sqlite").close()
    SqliteCheckpoints(folder / "log.sqlite").close()
    SqliteGatewayRecords(folder / "gateway.sqlite").close()
    SqliteDeliveries(folder / "log.sqlite").close()
    SqliteTreeHeads(folder / "log.sqlite").close()
    letters = FileDeadLetters(folder / "dead_letters.sqlite")
    letters.connection()
    letters.close()
    return {
        "release": __version__,
        "event bodies": {kind: body for decider in deciders for kind, body in bodies(decider).items()},
        "streams": {name: stream for decider in deciders for name, stream in streams(decider).items()},
        "webhooks": webhooks(),
        "figures": {"checkpoint": FIGURES, "stream": SOLE.figures},
        "event id": str(event_id(COMMAND_ID, "stream", 1)),
        "policies": policies(),
        "checkpoints": checkpoints(),
        "broker": broker(),
        "first definitions": [str(FIRST_DEFINITIONS), PROGRAMME],
        "log in SQLite": sqlite_objects(folder / "log.sqlite"),
        "dead letters in SQLite": sqlite_objects(folder / "dead_letters.sqlite"),
        **{f"{what} in PostgreSQL": postgres_objects(scripts) for what, scripts in postgres_scripts().items()},
        "tree heads": [SEALER, *TreeHead.__struct_fields__],
        "gateway records in SQLite": sqlite_objects(folder / "gateway.sqlite"),
        "advisory locks": [postgres_schema.SET_UP_LOCK_KEY, postgres_lease.LEASE_LOCK_CLASS, READ_MODELS_LOCK],
        "tables of facts": tables_of_facts(),
        "status of projections": {str(STATUS_TABLE.name): [str(column.name) for column in STATUS_TABLE.columns]},
    }


def webhooks() -> dict[str, str]:
    """The checkpoint and lease, and two derivations: of the id of a command, and of a secret that a receiver keeps."""
    return {
        "checkpoint": WEBHOOKS,
        "stop": str(uuid5(STOPS, "webhook/message/0")),
        "secret": WebhookSecrets(key_for(PURPOSE, b"key")).secret("webhook", 1),
    }


def tables_of_facts() -> dict[str, dict[str, str]]:
    """Their names, and the columns of the checkpoint, which every version reads: it may have more than these.

    Another version makes the other columns anew (ADR 19).
    """
    columns = {str(column.name): "" for column in TABLES["checkpoint"].columns}
    return {str(name): columns if name == "checkpoint" else {} for name in TABLES}


def lost(written: Any, found: Any, path: str = "") -> list[str]:
    """What a release has written and the code no longer has, or has otherwise. A new member of an object is no loss."""
    if isinstance(written, dict) and isinstance(found, dict):
        return [loss for name, value in written.items() for loss in lost(value, found.get(name), f"{path}/{name}")]
    return [] if written == found or is_later(str(written), str(found)) else [f"{path}: {written!r} is now {found!r}"]


def is_later(written: str, found: str) -> bool:
    """Whether it is the schema of the same event, of a later version: upcasts lead to it (`test_upcasting`)."""
    before, after = SCHEMA.fullmatch(written), SCHEMA.fullmatch(found)
    return bool(before and after and before["kind"] == after["kind"] and int(before["version"]) < int(after["version"]))


def main() -> None:
    """Write the names of this release, unless one of an earlier release is lost."""
    with TemporaryDirectory() as folder:
        names = persisted_names(Path(folder))
    earlier = {**msgspec.json.decode(FILE.read_bytes()), "release": __version__}
    if losses := lost(earlier, msgspec.json.decode(msgspec.json.encode(names))):
        raise SystemExit("\n".join(losses))
    FILE.write_bytes(msgspec.json.format(msgspec.json.encode(names), indent=1) + b"\n")


if __name__ == "__main__":
    main()
