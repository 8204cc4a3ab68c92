"""A subscriber of the exchange with a queue of its own, as a relay's tests need one: it tells each event once, and what it missed."""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

from shared.bus.topology import EVENTS, EVERYTHING, declare_exchange
from shared.bus.transport.connection import BROKER_FAULTS, connected, consumer, drained, event_of
from shared.errors import Unavailable
from shared.message import EventMessage, Position
from shared.runtime.backoff import Backoff
from shared.runtime.native_threads import green_only

green_only(__name__)
log = logging.getLogger(__name__)

Deliver = Callable[[EventMessage], object]
Gap = Callable[[Position, Position], object]
PREFETCH = 1_000
IDLE = 0.5  # seconds


def unheard(after: Position, until: Position) -> None:
    log.warning("the feed heard nothing between positions %s and %s", after, until)


class Subscriber:
    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.stopping = threading.Event()
        self.connected = threading.Event()
        self.last: Position | None = None

    def run(self, deliver: Deliver, gap: Gap = unheard) -> None:
        """Give every event to `deliver`, until `stop` is called. `gap` hears of what was missed and could not be read."""
        backoff = Backoff()
        while not self.stopping.is_set():
            try:
                self.listen(deliver, gap, backoff)
            except (Unavailable, *BROKER_FAULTS) as fault:
                log.warning("the feed waits for its servers: %s", fault or type(fault).__name__)
                self.stopping.wait(backoff.again())
            finally:
                self.connected.clear()

    def stop(self) -> None:
        self.stopping.set()

    def healthy(self) -> bool:
        return self.connected.is_set()

    def listen(self, deliver: Deliver, gap: Gap, backoff: Backoff) -> None:
        arrived: list[Any] = []
        queue = f"feed.{uuid4()}"
        with connected(self.uri) as connection:
            channel = connection.channel()
            declare_exchange(channel)
            channel.queue_declare(queue=queue, durable=False, exclusive=True, auto_delete=True)
            channel.queue_bind(queue=queue, exchange=EVENTS, routing_key=EVERYTHING)
            try:
                self.connected.set()
                backoff.reset()
                with consumer(channel, queue, arrived.append, PREFETCH):
                    while not self.stopping.is_set():
                        drained(connection, IDLE)
                        self.tell(arrived, deliver, gap)
            finally:
                forget(channel, queue)

    def tell(self, arrived: list[Any], deliver: Deliver, gap: Gap) -> None:
        messages: Sequence[Any] = arrived[:]
        arrived.clear()
        for message in messages:
            event = event_of(message)
            if event is not None:
                self.tell_one(event, deliver, gap)
            message.ack()

    def tell_one(self, event: EventMessage, deliver: Deliver, gap: Gap) -> None:
        if self.last is not None and event.position <= self.last:
            return
        if self.last is not None and event.previous != self.last:
            gap(self.last, event.position)
        self.last = event.position
        deliver(event)


def forget(channel: Any, queue: str) -> None:
    """The embedded broker knows no queue that goes with its connection."""
    try:
        channel.queue_delete(queue)
    except BROKER_FAULTS as fault:
        log.debug("the queue of the feed went with the broker: %s", fault)
