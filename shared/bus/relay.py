"""The relay publishes the log to the broker, in order.

How it works
------------
The relay repeats one cycle (`relay_next`):

1. read the next window of events, at most WINDOW_SIZE, after its checkpoint;
2. publish the last event of each kind in it, and wait until the broker has confirmed them (`publisher.py`);
3. advance its checkpoint, which is saved every second and when the end of the log is reached (`checkpoint.py`);
4. at the end of the log, wait for the next event.

If it dies between 2 and 3, its successor publishes some windows a second time, and every inbox ignores the events that it has handled.
Nothing is lost: the checkpoint never passes an event that the broker has not confirmed.

*One message for a kind.* A message only announces a position up to which an inbox reads the log (`inbox.py`), so the earlier events of a
kind in a window need none: under load, an inbox gets a few messages for a thousand events.

*Batching.* The first event after a quiet time is published at once. Then the relay waits for BATCH_DELAY_S, so that events which follow
closely share a window. A window costs a read, a round trip to the broker and one transaction in each inbox, however many events it
holds: under load, a window per event would slow down the callers that wait for replies. Where many events have come during that time,
the next window waits longer: whoever imports or sends many lines waits for their replies, and nobody for each figure between them.

*Standby.* Several relays may run. The holder of the lease `relay` is active; the others take over when it stops or dies.

*Faults.* When the broker or the log is away, the relay waits with a growing delay, takes the lease again, and resumes from the saved
checkpoint. A broker that returns without queues gets them declared again.

*Feed.* On RabbitMQ a second loop publishes every event to the stream `journey.feed`, with a connection and a checkpoint of its own.
They are separate because a stream that cannot be written to blocks every publisher of the exchange that feeds it (RabbitMQ 3.10, when
killed seconds after the stream was declared, brings it back closed), and services must not depend on readers outside the product.
"""

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from shared.address import Address
from shared.bus.checkpoint import CachedCheckpoint, check_held, save_in_native_thread
from shared.bus.names import SOLE, Names
from shared.bus.publisher import Publisher
from shared.bus.topology import declare_exchange, declare_feed, is_embedded
from shared.bus.transport.connection import BROKER_FAULTS, drain_one, open_connection
from shared.cloud_event import encode_cloud_event
from shared.errors import Damaged, Unavailable
from shared.message import EventMessage, Position
from shared.metrics import LEASE_HELD
from shared.runtime.backoff import Backoff
from shared.runtime.native_threads import green_only, native, native_context
from shared.store.port import Checkpoints, EventStore, Held

green_only(__name__)
log = logging.getLogger(__name__)

WINDOW_SIZE = 1_000  # events announced before confirms are awaited
BATCH_DELAY_S = 0.05  # after a window that was not full, to let the next one fill
MANY, MANY_DELAY_S = 64, 0.2  # events in such a window, and the delay after it
POLL_INTERVAL_S = 1.0  # the longest wait for an event, or for the lease, before the loop checks whether it must stop
BROKER_CHECK_S = 0.001  # at the end of the log, to read whether the broker has closed the connection


class Placed(Protocol):
    @property
    def position(self) -> Position: ...


M = TypeVar("M", bound=Placed)
M_co = TypeVar("M_co", bound=Placed, covariant=True)


class Followed(Protocol[M_co]):
    """What a loop publishes, as the log is read and waited for."""

    def read_all(self, after: Position, limit: int) -> Sequence[M_co]: ...

    def wait(self, after: Position, timeout: float) -> bool: ...


class RelayLoop(ABC, Generic[M]):
    """Publishes what it follows under one lease and checkpoint, both called `name`. Many may run; one is `active`."""

    def __init__(self, store: Followed[M], checkpoints: Checkpoints, uri: Address | str, names: Names, name: str, window_size: int) -> None:
        self.store = store
        self.checkpoints = checkpoints
        self.uri = Address(uri)
        self.names = names
        self.name = name
        self.window_size = window_size
        self.stopping = threading.Event()
        self.active = False
        self.backoff = Backoff()

    @abstractmethod
    def declare(self, channel: Any) -> None:
        """Declare where it is published."""

    @abstractmethod
    def publish(self, publisher: Publisher, window: Sequence[M]) -> None:
        """Publish a window, and wait until the broker has confirmed it."""

    def run(self) -> None:
        """Relay until `stop` is called. Waits while the broker or the log is away; other exceptions are raised."""
        while not self.stopping.is_set():
            try:
                self.run_with_lease()
            except Damaged:  # no waiting mends it
                raise
            except (Unavailable, *BROKER_FAULTS) as fault:
                log.warning("the %s waits for its servers: %s", self.name, fault or type(fault).__name__)
                self.stopping.wait(self.backoff.next_delay())

    def stop(self) -> None:
        self.stopping.set()

    def run_with_lease(self) -> None:
        """Wait for the lease, at most POLL_INTERVAL_S, and relay while it is held."""
        with native_context(self.checkpoints.lease(self.name, POLL_INTERVAL_S)) as held:
            self.active = bool(held)
            LEASE_HELD.labels(self.name).set(self.active)
            try:
                if held:
                    self.relay_log(held)
            finally:
                self.active = False
                LEASE_HELD.labels(self.name).set(0)

    def relay_log(self, held: Held) -> None:
        with open_connection(self.uri) as connection:
            publisher = Publisher(connection)
            self.declare(publisher.channel)
            checkpoint = CachedCheckpoint(self.checkpoints, self.name)
            checkpoint.held = held
            self.begin(checkpoint)
            while not self.stopping.is_set():
                self.relay_next(connection, publisher, checkpoint)
                self.backoff.reset()
            save_in_native_thread(checkpoint, at_once=True)

    def begin(self, checkpoint: CachedCheckpoint) -> None:
        native(checkpoint.load)

    def published(self, checkpoint: CachedCheckpoint, window: Sequence[M]) -> None:
        checkpoint.advance(window[-1].position)

    def relay_next(self, connection: Any, publisher: Publisher, checkpoint: CachedCheckpoint) -> None:
        """Publish the next window, or wait for an event at the end of the log."""
        window = native(self.store.read_all, checkpoint.position, self.window_size)
        check_held(checkpoint.held, self.name)
        if window:
            self.publish(publisher, window)
            self.published(checkpoint, window)
            save_in_native_thread(checkpoint, at_once=False)
            self.wait_for_batch(window)
            return
        save_in_native_thread(checkpoint, at_once=True)
        native(self.store.wait, checkpoint.position, POLL_INTERVAL_S)
        if publisher.has_confirms:
            drain_one(connection, BROKER_CHECK_S)

    def wait_for_batch(self, window: Sequence[M]) -> None:
        """Let events gather. After a full window the next events are there already."""
        if len(window) < self.window_size:
            self.stopping.wait(BATCH_DELAY_S if len(window) < MANY else MANY_DELAY_S)


def last_of_each_kind(events: Iterable[EventMessage]) -> list[EventMessage]:
    """The events that announce a window to the inboxes, in the order of the log."""
    return sorted({event.kind: event for event in events}.values(), key=lambda event: event.position)


class EventLoop(RelayLoop[EventMessage]):
    """Publishes events, and keeps which (`shared.coverage`).

    Where its checkpoint is ahead of what it has published, it goes on from there: to publish events again harms nobody.
    """

    def begin(self, checkpoint: CachedCheckpoint) -> None:
        native(checkpoint.load_covered)
        if checkpoint.coverage and checkpoint.coverage.until < checkpoint.position:
            log.warning("the %s goes on at position %s, after what it has published", self.name, checkpoint.coverage.until)
            checkpoint.advance(checkpoint.coverage.until)

    def published(self, checkpoint: CachedCheckpoint, window: Sequence[EventMessage]) -> None:
        checkpoint.apply(window, [event.position for event in window])


class FeedRelay(EventLoop):
    """Publishes every event, into the stream by its name: so a missing stream is a fault, and they are published again once it exists."""

    def declare(self, channel: Any) -> None:
        declare_feed(channel, self.names)

    def publish(self, publisher: Publisher, window: Sequence[EventMessage]) -> None:
        publisher.publish_events(window, queue=self.names.feed, form=encode_cloud_event)


class Relay(EventLoop):
    """The relay to the exchange of the inboxes and, on RabbitMQ, the relay to the feed, in a thread of its own."""

    def __init__(
        self,
        store: EventStore,
        checkpoints: Checkpoints,
        uri: Address | str,
        names: Names = SOLE,
        *,
        name: str = "relay",
        window_size: int = WINDOW_SIZE,
    ) -> None:
        super().__init__(store, checkpoints, uri, names, name, window_size)
        self.feed = None if is_embedded(uri) else FeedRelay(store, checkpoints, uri, names, "feed", window_size)
        self.feed_failure: Exception | None = None

    def declare(self, channel: Any) -> None:
        declare_exchange(channel, self.names)

    def publish(self, publisher: Publisher, window: Sequence[EventMessage]) -> None:
        publisher.publish_events(last_of_each_kind(window), exchange=self.names.events)

    def run(self) -> None:
        """Run both until `stop` is called. When one fails, the other is stopped and the exception is raised here."""
        if self.feed is None:
            super().run()
            return
        thread = threading.Thread(target=self.run_feed, args=(self.feed,), name="feed", daemon=True)
        thread.start()
        try:
            super().run()
        finally:
            self.feed.stop()
            thread.join()
        if self.feed_failure is not None:
            raise self.feed_failure

    def run_feed(self, feed: FeedRelay) -> None:
        try:
            feed.run()
        except Exception as fault:  # noqa: BLE001 - whatever it is, `run` raises it in its own thread
            self.feed_failure = fault
            self.stop()

    def stop(self) -> None:
        super().stop()
        if self.feed is not None:
            self.feed.stop()
