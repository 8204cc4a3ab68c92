"""The relay carries the log to the broker, in order.

It publishes a window, waits until the broker has confirmed all of it, and only then moves its place. Whatever dies in between,
nothing is lost: at worst a few windows leave twice, and every inbox knows an event that it has seen.

The first event after a quiet time leaves at once; those that follow it closely leave together. A window costs a read, a wait for the
broker and, in each inbox, a transaction, whatever it carries: under load a window for each event would take the machine from those
who wait for an answer.

The feed for trusted back ends is carried beside it, with a position of its own. For a stream that cannot be written to holds up
whoever publishes through the same exchange (RabbitMQ 3.10, killed seconds after its first stream was declared, brings it back
closed), and a service must not wait for a reader elsewhere.
"""

import logging
import threading
from typing import Any

from shared.bus.checkpoint import CachedCheckpoint, check_held, saved
from shared.bus.publisher import Publisher
from shared.bus.topology import FEED, declare_exchange, declare_feed, is_embedded
from shared.bus.transport.connection import BROKER_FAULTS, connected, drained
from shared.errors import Unavailable
from shared.message import EventMessage
from shared.runtime.backoff import Backoff
from shared.runtime.native_threads import green_only, native, native_context
from shared.store.port import Checkpoints, EventStore, Held

green_only(__name__)
log = logging.getLogger(__name__)

WINDOW = 1_000  # events confirmed together
GATHER = 0.05  # seconds that the events behind a window have to gather in the next
PAUSE = 1.0  # seconds: how often the end of the log, the lease and the broker are looked at when nothing happens
LISTEN = 0.001  # seconds for the broker to say that it goes away


class RelayLoop:
    """One is active under a name, the others stand by. It heals by itself when the broker or the database comes back."""

    def __init__(self, store: EventStore, checkpoints: Checkpoints, uri: str, name: str, window: int) -> None:
        self.store = store
        self.checkpoints = checkpoints
        self.uri = uri
        self.name = name
        self.window = window
        self.stopping = threading.Event()
        self.active = False
        self.backoff = Backoff()

    def declare(self, channel: Any) -> None:
        declare_exchange(channel)

    def publish(self, publisher: Publisher, events: list[EventMessage]) -> None:
        publisher.events(events)

    def run(self) -> None:
        """Carry until `stop` is called."""
        while not self.stopping.is_set():
            try:
                self.turn()
            except (Unavailable, *BROKER_FAULTS) as fault:
                log.warning("the %s waits for its servers: %s", self.name, fault or type(fault).__name__)
                self.stopping.wait(self.backoff.again())

    def stop(self) -> None:
        self.stopping.set()

    def turn(self) -> None:
        with native_context(self.checkpoints.lease(self.name, PAUSE)) as held:
            self.active = bool(held)
            try:
                if held:
                    self.carry(held)
            finally:
                self.active = False

    def carry(self, held: Held) -> None:
        with connected(self.uri) as connection:
            publisher = Publisher(connection)
            self.declare(publisher.channel)
            place = CachedCheckpoint(self.checkpoints, self.name)
            native(place.load)
            while not self.stopping.is_set():
                check_held(held, self.name)
                self.step(connection, publisher, place)
                self.backoff.reset()
            saved(place, now=True)

    def step(self, connection: Any, publisher: Publisher, place: CachedCheckpoint) -> None:
        page = native(self.store.read_all, place.at, self.window)
        if page:
            self.publish(publisher, page)
            place.moved(page[-1].position)
            saved(place, now=False)
            self.gather(page)
            return
        saved(place, now=True)
        native(self.store.wait, place.at, PAUSE)
        if publisher.confirms:
            drained(connection, LISTEN)

    def gather(self, page: list[EventMessage]) -> None:
        """A full window has its successor waiting already."""
        if len(page) < self.window:
            self.stopping.wait(GATHER)


class FeedRelay(RelayLoop):
    """Straight into the stream: a message that finds no stream is a failure here, and is sent again once it is declared."""

    def declare(self, channel: Any) -> None:
        declare_feed(channel)

    def publish(self, publisher: Publisher, events: list[EventMessage]) -> None:
        publisher.events(events, queue=FEED)


class Relay(RelayLoop):
    """Both: the exchange from which every inbox is fed and, on RabbitMQ, the stream."""

    def __init__(self, store: EventStore, checkpoints: Checkpoints, uri: str, *, name: str = "relay", window: int = WINDOW) -> None:
        super().__init__(store, checkpoints, uri, name, window)
        self.feed = None if is_embedded(uri) else FeedRelay(store, checkpoints, uri, "feed", window)
        self.fallen: Exception | None = None

    def run(self) -> None:
        if self.feed is None:
            super().run()
            return
        beside = threading.Thread(target=self.carry_feed, args=(self.feed,), name="feed", daemon=True)
        beside.start()
        try:
            super().run()
        finally:
            self.feed.stop()
            beside.join()
        if self.fallen is not None:
            raise self.fallen

    def carry_feed(self, feed: FeedRelay) -> None:
        """What the feed falls of ends both: whoever runs them starts them again."""
        try:
            feed.run()
        except Exception as fault:  # noqa: BLE001 - raised in the thread of the relay
            self.fallen = fault
            self.stop()

    def stop(self) -> None:
        super().stop()
        if self.feed is not None:
            self.feed.stop()
