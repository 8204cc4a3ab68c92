"""A log, a broker, and the parts between them, each in a thread of the test."""

import threading
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from shared.bus.dead_letters import DeadLetters, FileDeadLetters, dead_letters
from shared.bus.inbox import Inbox
from shared.bus.inbox_consumer import InboxConsumer
from shared.bus.policy_inbox import PolicyInbox
from shared.bus.projection_inbox import ProjectionInbox
from shared.bus.publisher import Publisher
from shared.bus.relay import Relay
from shared.bus.topology import declare_embedded_inbox, declare_inbox, is_embedded
from shared.bus.transport.connection import Connection, connected
from shared.bus.transport.embedded import Channel, Transport
from shared.message import START, EventMessage, Position
from shared.store.port import Append, EventStore
from shared.store.sqlite.checkpoints import SqliteCheckpoints
from shared.store.sqlite.store import SqliteStore
from tests.contract.bus.blocking import new_event
from tests.processes import eventually

SERVICE = "coaching"


class Seen:
    """A policy that remembers what it was given, and fails on the names it is told to."""

    def __init__(self) -> None:
        self.events: list[EventMessage] = []
        self.attempts: list[Position] = []
        self.faults: dict[Position, Exception] = {}

    def react(self, event: EventMessage) -> None:
        self.attempts.append(event.position)
        if event.position in self.faults:
            raise self.faults[event.position]
        self.events.append(event)

    @property
    def positions(self) -> list[Position]:
        return [event.position for event in self.events]


class Kept:
    """A projection: it moves its position together with its effect."""

    def __init__(self) -> None:
        self.seen = Seen()
        self.at: Position = START

    def position(self) -> Position:
        return self.at

    def checkpoint(self) -> Position:
        return self.at

    def apply(self, events: Sequence[EventMessage]) -> None:
        for event in events:
            if event.position > self.at:
                assert event.previous == self.at, f"{event.position} does not follow {self.at}"
                self.seen.react(event)
                self.at = event.position


class Bus:
    def __init__(self, uri: str, folder: Path, store: EventStore | None = None, checkpoints: Any = None) -> None:
        """Beside an SQLite log, unless another is given."""
        self.uri = uri
        self.folder = folder
        self.store = store or SqliteStore(folder / "log.sqlite")
        self.checkpoints = checkpoints or SqliteCheckpoints(folder / "log.sqlite")
        self.letters: DeadLetters = dead_letters(uri, (SERVICE, "intake"), folder / "dead.sqlite")
        self.running: list[tuple[Any, threading.Thread]] = []
        self.seen = Seen()

    def record(self, count: int = 1, kind: str = "coaching.JourneyOpened") -> list[Position]:
        """Append events to the log: this is all that a writer does."""
        outcomes = self.store.append_many([Append(f"journey-{uuid4()}", 0, [new_event(kind)]) for _ in range(count)])
        return [outcome.position for outcome in outcomes if not isinstance(outcome, Exception)]

    def start(self, part: Any, *words: Any) -> Any:
        thread = threading.Thread(target=part.run, args=words, daemon=True)
        thread.start()
        self.running.append((part, thread))
        return part

    def stop(self, part: Any) -> None:
        for running, thread in self.running:
            if running is part:
                part.stop()
                thread.join(20)
                assert not thread.is_alive(), f"{part} does not stop"

    def relay(self) -> Relay:
        relay: Relay = self.start(Relay(self.store, self.checkpoints, self.uri, window=100))
        return relay

    def reactions(self, seen: Seen | None = None, service: str = SERVICE, kinds: Collection[str] | None = None) -> PolicyInbox:
        return PolicyInbox(service, self.store, self.checkpoints, (seen or self.seen).react, kinds)

    def projection(self, kept: Kept) -> ProjectionInbox:
        return ProjectionInbox("reporting", self.store, kept)

    def listen(self, inbox: Inbox) -> InboxConsumer:
        letters = self.letters if isinstance(self.letters, FileDeadLetters) else None
        listener: InboxConsumer = self.start(InboxConsumer(inbox, self.checkpoints, self.uri, letters))
        eventually(lambda: listener.active)
        return listener

    def publish(self, events: Sequence[EventMessage]) -> None:
        """As a relay would, and again if one likes."""
        with connected(self.uri) as connection:
            self.publisher(connection).events(events)

    def publisher(self, connection: Any) -> Publisher:
        """With the queues there already: a listener is active before it has declared them."""
        publisher = Publisher(connection)
        (declare_embedded_inbox if is_embedded(self.uri) else declare_inbox)(publisher.channel, SERVICE)
        return publisher

    def connection(self) -> Any:
        return Connection(self.uri)

    def close(self) -> None:
        for part, _ in self.running:
            part.stop()
        for part, _ in self.running:
            self.stop(part)
        self.store.close()
        self.checkpoints.close()
        if is_embedded(self.uri):
            Channel.queues.clear()
            Transport.global_state.clear()
