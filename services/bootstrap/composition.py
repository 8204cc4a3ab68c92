"""The composition root: every part is built here, once, from the settings. Nothing in this room knows nameko or eventlet."""

from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from marshmallow import Schema

import deploy
from services.bootstrap import permissions
from services.bootstrap.settings import Settings
from services.cli.import_history import HistoryImporter
from services.coaching import catalogue as coaching
from services.coaching import policies as coaching_policies
from services.coaching import schemas as coaching_schemas
from services.intake import catalogue as intake
from services.intake import policies as intake_policies
from services.intake import schemas as intake_schemas
from services.referrals import catalogue as referrals
from services.referrals import policies as referrals_policies
from services.referrals import schemas as referrals_schemas
from services.reporting import catalogue as reporting
from services.reporting import schemas as reporting_schemas
from services.reporting.queries.replay import replay
from services.reporting.queries.reports import Reports
from shared.bus.dead_letters import DeadLetters, FileDeadLetters, dead_letters
from shared.command_endpoint import CommandEndpoint
from shared.decider import CommandHandler, Decider
from shared.errors import Refused
from shared.message import CommandMessage, Position
from shared.policy import Policy, PolicyRunner
from shared.store.kurrent.store import KurrentStore
from shared.store.port import Checkpoints, EventStore
from shared.store.postgres.checkpoints import PostgresCheckpoints
from shared.store.postgres.store import PostgresStore
from shared.store.sqlite.checkpoints import SqliteCheckpoints
from shared.store.sqlite.store import SqliteStore
from shared.store.upcasting import Upcast, UpcastingStore
from shared.time import now
from shared.trust.identity import Signer, system
from shared.trust.permissions import Permissions

DECIDERS: Mapping[str, tuple[Decider[Any, Any, Any], ...]] = {
    "intake": intake.DECIDERS,
    "coaching": coaching.DECIDERS,
    "referrals": referrals.DECIDERS,
    "reporting": reporting.DECIDERS,
}
POLICIES: Mapping[str, tuple[Policy, ...]] = {
    "intake": intake_policies.POLICIES,
    "coaching": coaching_policies.POLICIES,
    "referrals": referrals_policies.POLICIES,
}
DEFINITIONS = Path(deploy.__file__).parent / "definitions" / "v1.json"
FIRST_DEFINITIONS = UUID("2f0c1a52-53f5-5e0e-9d3c-6a1b7f8f0001")
SCHEMAS: Mapping[str, Mapping[str, type[Schema]]] = {
    "intake": intake_schemas.SCHEMAS,
    "coaching": coaching_schemas.SCHEMAS,
    "referrals": referrals_schemas.SCHEMAS,
    "reporting": reporting_schemas.SCHEMAS,
}
PROGRAMME = "all"  # the territory of what concerns the whole programme


class Components:
    """Everything a process may need, each part built when it is first asked for."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def raw_store(self) -> EventStore:
        """The log as it was written, old shapes included: what an auditor reads."""
        return open_store(self.settings.event_store)

    @cached_property
    def store(self) -> EventStore:
        """The log as everybody else reads it, every event in its current shape."""
        return UpcastingStore(self.raw_store, upcasts())

    @cached_property
    def checkpoints(self) -> Checkpoints:
        return open_checkpoints(self.settings.event_store, self.settings.data)

    @cached_property
    def permissions(self) -> Permissions:
        return Permissions(permissions.TABLE)

    @cached_property
    def services_signer(self) -> Signer:
        """Signs what the gateway hands to the services, for 60 seconds."""
        return Signer(self.settings.key(), "services", now)

    @cached_property
    def sessions_signer(self) -> Signer:
        """Signs the sessions of the gateway's own visitors."""
        return Signer(self.settings.key(), "gateway", now)

    @cached_property
    def shells(self) -> dict[str, CommandHandler]:
        return {service: CommandHandler(deciders, self.store, self.permissions, now) for service, deciders in DECIDERS.items()}

    def desk(self, service: str) -> CommandEndpoint:
        territories = {territory.id for territory in self.settings.programme().territories}
        return CommandEndpoint(self.shells[service], self.services_signer, territories | ({PROGRAMME} if service == "reporting" else set()))

    def reactor(self, service: str, *, same_time: bool = False) -> PolicyRunner:
        return PolicyRunner(self.shells[service], POLICIES[service], same_time=same_time)

    def loader(self) -> HistoryImporter:
        return HistoryImporter(self.store, self.shells, [self.reactor(service, same_time=True) for service in POLICIES])

    def publish_definitions(self) -> None:
        """The first definitions, unless the log holds them already: without any, no figure has a meaning."""
        message = CommandMessage(
            id=FIRST_DEFINITIONS,
            type="PublishDefinitions",
            actor=system("parcours").actor,
            territory=PROGRAMME,
            time=now(),
            data=msgspec.json.decode(DEFINITIONS.read_bytes()),
        )
        with suppress(Refused):  # published already, by somebody else
            self.shells["reporting"].handle(message, system("parcours"))

    def forget_the_broker(self) -> None:
        """The embedded broker begins empty: what was recorded before is read in the log by each inbox, and is not carried again."""
        if self.settings.embedded:
            self.checkpoints.save("relay", self.store.head())

    def policies_are_done(self) -> None:
        """Whoever loads history runs the policies on the way: the inboxes need not go through it again."""
        for service in POLICIES:
            self.checkpoints.save(f"{service}.inbox", self.store.head())

    @cached_property
    def reporting(self) -> Reports:
        return Reports(self.settings.read_models, self.settings.programme(), self.store.read_at)

    def replayed(self, position: Position) -> Reports:
        """A report over the log alone, as it stood at `position`."""
        return replay(self.store, position, self.settings.programme())

    @property
    def letters_file(self) -> FileDeadLetters | None:
        """Where the embedded broker's dead letters are; RabbitMQ keeps its own."""
        return self.dead_letters if isinstance(self.dead_letters, FileDeadLetters) else None

    @cached_property
    def dead_letters(self) -> DeadLetters:
        return dead_letters(self.settings.amqp_uri, tuple(DECIDERS), self.settings.data / "dead_letters.sqlite")


def event_structs() -> dict[str, type[Any]]:
    """The current shape of every event, by kind."""
    known = [decider for deciders in DECIDERS.values() for decider in deciders]
    return {f"{decider.service}.{event.__name__}": event for decider in known for event in decider.events}


def upcasts() -> dict[str, tuple[Upcast, ...]]:
    """Every old shape of every service, by event kind."""
    return {
        f"{decider.service}.{name}": tuple(steps)
        for deciders in DECIDERS.values()
        for decider in deciders
        for name, steps in decider.upcasts.items()
    }


def open_store(address: str) -> EventStore:
    match address.partition(":"):
        case "sqlite", _, path:
            return SqliteStore(sqlite_path(path))
        case "postgresql" | "postgres", _, _:
            return PostgresStore(address)
        case "kurrentdb" | "kurrentdb+discover" | "esdb" | "esdb+discover", _, _:
            return KurrentStore(address)
        case scheme, _, _:
            raise SystemExit(f"PARCOURS_EVENT_STORE: {scheme} names no store; sqlite:///…, postgresql://… or kurrentdb://… is expected.")


def open_checkpoints(address: str, data: Path) -> Checkpoints:
    """Beside the log where it can keep them; KurrentDB cannot, and theirs are a file in the data directory, shared by one machine."""
    match address.partition(":"):
        case "sqlite", _, path:
            return SqliteCheckpoints(sqlite_path(path))
        case "postgresql" | "postgres", _, _:
            return PostgresCheckpoints(address)
        case _:
            return SqliteCheckpoints(data / "checkpoints.sqlite")


def sqlite_path(path: str) -> Path:
    """`sqlite:///file` is relative and `sqlite:////file` absolute, as SQLAlchemy has it."""
    return Path(path.removeprefix("///"))
