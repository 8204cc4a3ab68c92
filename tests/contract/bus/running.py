"""A log, a broker, and the components between them, each in a thread of the test."""

import threading
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from shared.address import Address
from shared.bus.dead_letter_file import FileDeadLetters
from shared.bus.dead_letters import DeadLetters, dead_letters
from shared.bus.inbox import Inbox
from shared.bus.inbox_consumer import InboxConsumer
from shared.bus.names import SOLE
from shared.bus.policy_inbox import PolicyInbox
from shared.bus.projection_inbox import ProjectionInbox, ProjectionStore
from shared.bus.publisher import Publisher
from shared.bus.relay import Relay
from shared.bus.topology import declare_embedded_inbox, declare_inbox, is_embedded
from shared.bus.transport.connection import connection_to, open_connection
from shared.bus.transport.embedded import Channel, Transport
from shared.message import START, EventMessage, Position
from shared.store.port import Append, EventStore
from shared.store.sqlite.checkpoints import SqliteCheckpoints
from shared.store.sqlite.store import SqliteStore
from tests.contract.bus.blocking import new_event
from tests.processes import eventually

SERVICE = "coaching"


class Recorder:
    """A policy that records the events it is given. It raises `faults[position]` instead of handling the event at that position."""

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


class FakeProjection:
    """Read models in memory. They move their position together with their effect, the `recorder`.

    `stops` are the positions of recorded stops; `status_fault` is raised instead of recording one.
    """

    def __init__(self) -> None:
        self.recorder = Recorder()
        self.stored_position: Position = START
        self.stops: list[Position] = []
        self.status_fault: Exception | None = None
        self.retry_requested = False

    def position(self) -> Position:
        return self.stored_position

    def checkpoint(self) -> Position:
        return self.stored_position

    def apply(self, events: Sequence[EventMessage]) -> None:
        for event in events:
            if event.position > self.stored_position:
                assert event.previous == self.stored_position, f"{event.position} does not follow {self.stored_position}"
                self.recorder.react(event)
                self.stored_position = event.position

    def record_stop(self, position: Position, kind: str, reason: str) -> None:
        if self.status_fault:
            raise self.status_fault
        self.stops.append(position)

    def record_running(self) -> None:
        self.stops.clear()

    def may_resume(self) -> bool:
        requested, self.retry_requested = self.retry_requested, False
        return requested or not self.stops


class Bus:
    """The components around one log and one broker. Without a `store`, the log is an SQLite file in `folder`."""

    def __init__(self, uri: str, folder: Path, store: EventStore | None = None, checkpoints: Any = None) -> None:
        self.uri = uri
        self.folder = folder
        self.store = store or SqliteStore(folder / "log.sqlite")
        self.checkpoints = checkpoints or SqliteCheckpoints(folder / "log.sqlite")
        self.dead_letters: DeadLetters = dead_letters(uri, (SERVICE, "intake"), folder / "dead.sqlite")
        self.running: list[tuple[Any, threading.Thread]] = []
        self.recorder = Recorder()

    def record(self, count: int = 1, kind: str = "coaching.JourneyOpened") -> list[Position]:
        """Append events to the log, which is all that a writer does; returns their positions."""
        outcomes = self.store.append_many([Append(f"journey-{uuid4()}", 0, [new_event(kind)]) for _ in range(count)])
        return [outcome.position for outcome in outcomes if not isinstance(outcome, Exception)]

    def start(self, component: Any, *args: Any) -> Any:
        """Call `component.run(*args)` in a thread."""
        thread = threading.Thread(target=component.run, args=args, daemon=True)
        thread.start()
        self.running.append((component, thread))
        return component

    def stop(self, component: Any) -> None:
        for running, thread in self.running:
            if running is component:
                component.stop()
                thread.join(20)
                assert not thread.is_alive(), f"{component} does not stop"

    def start_relay(self) -> Relay:
        relay: Relay = self.start(Relay(self.store, self.checkpoints, self.uri, window_size=100))
        return relay

    def policy_inbox(self, recorder: Recorder | None = None, service: str = SERVICE, kinds: Collection[str] | None = None) -> PolicyInbox:
        return PolicyInbox(service, self.store, self.checkpoints, (recorder or self.recorder).react, kinds)

    def projection_inbox(self, projection: ProjectionStore) -> ProjectionInbox:
        return ProjectionInbox("reporting", self.store, projection)

    def consume(self, inbox: Inbox) -> InboxConsumer:
        """Feed an inbox; returns when its consumer is active."""
        file = self.dead_letters if isinstance(self.dead_letters, FileDeadLetters) else None
        consumer: InboxConsumer = self.start(InboxConsumer(inbox, self.checkpoints, self.uri, file))
        eventually(lambda: consumer.active)
        return consumer

    def publish(self, events: Sequence[EventMessage]) -> None:
        """Publish events as a relay would, in any order and as often as a test needs."""
        with open_connection(self.uri) as connection:
            self.publisher(connection).publish_events(events, exchange=SOLE.events)

    def publisher(self, connection: Any) -> Publisher:
        """A publisher whose queues exist: a consumer is active before it has declared them."""
        publisher = Publisher(connection)
        (declare_embedded_inbox if is_embedded(self.uri) else declare_inbox)(publisher.channel, SOLE, SERVICE)
        return publisher

    def connection(self) -> Any:
        return connection_to(Address(self.uri))

    def close(self) -> None:
        for component, _ in self.running:
            component.stop()
        for component, _ in self.running:
            self.stop(component)
        self.store.close()
        self.checkpoints.close()
        if is_embedded(self.uri):
            Channel.queues.clear()
            Transport.global_state.clear()
