"""Every name that outlives a process: what is stored in a log, a database or a broker, computed from the code as it is now."""

import re
import sqlite3
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from services.bootstrap.composition import DECIDERS, FIRST_DEFINITIONS, POLICIES, PROGRAMME
from services.cli.commands import STUDY
from services.reporting.facts.tables import TABLES
from services.reporting.projection.read_models import LOCK as READ_MODELS_LOCK
from shared.bus import topology
from shared.bus.dead_letters import FileDeadLetters
from shared.bus.policy_inbox import PolicyInbox
from shared.bus.projection_inbox import ProjectionInbox
from shared.bus.relay import Relay
from shared.decider import Decider
from shared.message import Actor, CommandMessage, event_id, reaction_id
from shared.store.postgres import checkpoints as postgres_checkpoints
from shared.store.postgres import schema as postgres_schema
from shared.store.sqlite.store import SqliteCheckpoints, SqliteStore
from shared.time import start_of_day

COMMAND_ID = UUID("11111111-1111-4111-8111-111111111111")
EVENT_ID = UUID("22222222-2222-4222-8222-222222222222")
ANY: Any = None


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


def bodies(decider: Decider[Any, Any, Any]) -> dict[str, str]:
    """The bytes of each event as they are appended, envelope and data."""
    found = {}
    for event in decider.events:
        new = decider.bodies(message("command"), "stream", [filled(event)])[0]
        found[new.type] = new.body.decode()
    return found


def streams(decider: Decider[Any, Any, Any]) -> dict[str, str]:
    return {command.__name__: decider.stream(filled(command)) for command in decider.commands}


def sqlite_objects(path: Path) -> dict[str, str]:
    """Every object of a database by name, with the statement that made it (comments and spacing left out)."""
    with sqlite3.connect(path) as connection:
        rows = connection.execute("select name, coalesce(sql, '') from sqlite_master order by name").fetchall()
    return {name: " ".join(re.sub(r"--[^\n]*", "", sql).split()) for name, sql in rows}


def postgres_objects() -> list[str]:
    """What the scripts make, by name."""
    statements = re.sub(r"--[^\n]*", "", "\n".join(postgres_schema.SCRIPTS))
    return sorted(set(re.findall(r"(?:table|function|trigger|index|role)(?: if not exists)? ([\w.]+)", statements)))


def policies() -> dict[str, str]:
    """Each policy's id -> the id of the command that it gives for one event."""
    return {policy.name: str(reaction_id(EVENT_ID, policy.name)) for table in POLICIES.values() for policy in table}


def checkpoints() -> list[str]:
    inbox = PolicyInbox("service", ANY, ANY, ANY)
    relay = Relay(ANY, ANY, "amqp://localhost")
    assert relay.feed is not None
    return [
        inbox.lease,
        inbox.mark(1),
        inbox.mark(1, "returned"),
        ProjectionInbox("service", ANY, ANY).lease,
        relay.name,
        relay.feed.name,
        STUDY,
    ]


def broker() -> dict[str, Any]:
    return {
        "events": topology.EVENTS,
        "dead": topology.DEAD,
        "feed": topology.FEED,
        "inbox": topology.inbox("service"),
        "dead letters": topology.dead("service"),
        "inbox arguments": topology.inbox_arguments("service"),
        "replay header": topology.REPLAY,
    }


def persisted_names(folder: Path) -> dict[str, Any]:
    deciders = [decider for found in DECIDERS.values() for decider in found]
    SqliteStore(folder / "log.sqlite").close()
    SqliteCheckpoints(folder / "log.sqlite").close()
    FileDeadLetters(folder / "dead_letters.sqlite").close()
    return {
        "event bodies": {kind: body for decider in deciders for kind, body in bodies(decider).items()},
        "streams": {name: stream for decider in deciders for name, stream in streams(decider).items()},
        "event id": str(event_id(COMMAND_ID, "stream", 1)),
        "policies": policies(),
        "checkpoints": checkpoints(),
        "broker": broker(),
        "first definitions": [str(FIRST_DEFINITIONS), PROGRAMME],
        "log in SQLite": sqlite_objects(folder / "log.sqlite"),
        "dead letters in SQLite": sqlite_objects(folder / "dead_letters.sqlite"),
        "log in PostgreSQL": postgres_objects(),
        "advisory locks": [postgres_schema.SET_UP_LOCK_KEY, postgres_checkpoints.LEASE_LOCK_CLASS, READ_MODELS_LOCK],
        "tables of facts": {str(name): [str(column.name) for column in table.columns] for name, table in TABLES.items()},
    }
