"""A subscriber of the exchange with a queue of its own, for tests of the relay: it delivers each event that is announced, once."""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

from shared.bus.names import SOLE
from shared.bus.topology import ALL_KEYS, declare_exchange
from shared.bus.transport.connection import BROKER_FAULTS, consuming, drain_one, event_of, open_connection
from shared.errors import Unavailable
from shared.message import EventMessage, Position
from shared.runtime.backoff import Backoff
from shared.runtime.native_threads import green_only

green_only(__name__)
log = logging.getLogger(__name__)

Deliver = Callable[[EventMessage], object]
PREFETCH = 1_000
POLL_INTERVAL_S = 0.5


class Subscriber:
    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.stopping = threading.Event()
        self.connected = threading.Event()
        self.last: Position | None = None

    def run(self, deliver: Deliver) -> None:
        """Give every event that is announced to `deliver` until `stop` is called."""
        backoff = Backoff()
        while not self.stopping.is_set():
            try:
                self.consume(deliver, backoff)
            except (Unavailable, *BROKER_FAULTS) as fault:
                log.warning("the subscriber waits for its servers: %s", fault or type(fault).__name__)
                self.stopping.wait(backoff.next_delay())
            finally:
                self.connected.clear()

    def stop(self) -> None:
        self.stopping.set()

    def healthy(self) -> bool:
        return self.connected.is_set()

    def consume(self, deliver: Deliver, backoff: Backoff) -> None:
        received: list[Any] = []
        queue = f"feed.{uuid4()}"
        with open_connection(self.uri) as connection:
            channel = connection.channel()
            declare_exchange(channel, SOLE)
            channel.queue_declare(queue=queue, durable=False, exclusive=True, auto_delete=True)
            channel.queue_bind(queue=queue, exchange=SOLE.events, routing_key=ALL_KEYS)
            try:
                self.connected.set()
                backoff.reset()
                with consuming(channel, queue, received.append, PREFETCH):
                    while not self.stopping.is_set():
                        drain_one(connection, POLL_INTERVAL_S)
                        self.deliver_all(received, deliver)
            finally:
                delete_queue(channel, queue)

    def deliver_all(self, received: list[Any], deliver: Deliver) -> None:
        messages: Sequence[Any] = received[:]
        received.clear()
        for message in messages:
            event = event_of(message)
            if event is not None:
                self.deliver_once(event, deliver)
            message.ack()

    def deliver_once(self, event: EventMessage, deliver: Deliver) -> None:
        if self.last is not None and event.position <= self.last:
            return
        self.last = event.position
        deliver(event)


def delete_queue(channel: Any, queue: str) -> None:
    """Needed on the embedded broker, which does not delete an exclusive queue with its connection."""
    try:
        channel.queue_delete(queue)
    except BROKER_FAULTS as fault:
        log.debug("the queue is gone with the broker: %s", fault)
