"""A broker inside the process for `embedded://` addresses: kombu's in-memory transport, adapted to nameko and to our consumers.

How it works
------------
kombu's memory transport keeps each queue in a `queue.Queue` that all connections of the process share. This module changes four things:

- *Waiting.* kombu polls the queues. Here a consumer waits on `changed`, a signal that every publish, acknowledgement and rejection
  raises, so that a message is delivered at once and an idle process uses no CPU. A consumer reads the signal's count before it looks
  at the queues and passes it to `wait`: a message that arrives between the look and the wait ends the wait immediately.
- *Length.* A queue that is declared with `x-max-length` drops its oldest messages, as RabbitMQ would.
- *Acknowledging several messages at once* (`multiple`), which kombu's memory transport does not know.
- *Content type.* nameko reads it among the properties of a message; kombu puts it beside them.

Nothing is durable, on purpose. The log is durable, and an inbox that misses a message reads it there: see `inbox.py`.

Importing this module registers the transport with kombu.
"""

import threading
import time
from queue import Empty, Queue
from typing import Any

from kombu.transport import TRANSPORT_ALIASES
from kombu.transport import memory as kombu_memory
from kombu.transport import virtual as kombu_virtual

SCHEME = "embedded"
memory: Any = kombu_memory  # kombu's annotations are incomplete
virtual: Any = kombu_virtual

FALLBACK_POLL_INTERVAL_S = 5.0  # the longest wait for the signal before the queues are looked at again


class Signal:
    """Wakes those who wait for a change. The count of changes tells a waiter whether one happened since it last looked."""

    def __init__(self) -> None:
        self.condition = threading.Condition()
        self.count = 0

    def notify(self) -> None:
        with self.condition:
            self.count += 1
            self.condition.notify_all()

    def wait(self, seen: int, timeout: float) -> None:
        """Wait up to `timeout` seconds for the count to differ from `seen`."""
        with self.condition:
            if self.count == seen:
                self.condition.wait(timeout)


changed = Signal()


class Channel(memory.Channel):  # type: ignore[misc]  # kombu's annotations are incomplete
    body_encoding = None  # nothing leaves the process: bytes stay bytes
    max_lengths: dict[str, int] = {}  # noqa: RUF012 - shared by all channels on purpose, as kombu's queues are

    def _new_queue(self, queue: str, **options: Any) -> None:
        super()._new_queue(queue, **options)
        max_length = (options.get("arguments") or {}).get("x-max-length")
        if max_length:
            self.max_lengths[queue] = max_length

    def prepare_message(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        message: dict[str, Any] = super().prepare_message(*args, **kwargs)
        message["properties"]["content_type"] = message["content-type"]
        return message

    def _put(self, queue: str, message: dict[str, Any], **kwargs: Any) -> None:
        super()._put(queue, message, **kwargs)
        if queue in self.max_lengths:
            drop_oldest(self._queue_for(queue), self.max_lengths[queue])
        changed.notify()

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:
        for tag in self.unacknowledged_up_to(delivery_tag) if multiple else [delivery_tag]:
            super().basic_ack(tag)
        changed.notify()

    def unacknowledged_up_to(self, delivery_tag: str) -> list[str]:
        """The tags of the messages delivered on this channel up to and including this one, in order."""
        tags = [tag for tag in self.qos._delivered if tag not in self.qos._dirty]
        return tags[: tags.index(delivery_tag) + 1]

    def basic_reject(self, delivery_tag: str, requeue: bool = False) -> None:
        super().basic_reject(delivery_tag, requeue)
        changed.notify()


def drop_oldest(queue: "Queue[Any]", max_length: int) -> None:
    while queue.qsize() > max_length:
        queue.get_nowait()


class Transport(memory.Transport):  # type: ignore[misc]  # kombu's annotations are incomplete
    Channel = Channel
    global_state = virtual.BrokerState()

    def drain_events(self, connection: Any, timeout: float | None = None) -> None:
        """Deliver one message, or wait for one.

        Raises:
            TimeoutError: there was none within `timeout` seconds.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            seen = changed.count
            try:
                self.cycle.get(self._deliver)
            except Empty:
                changed.wait(seen, next_wait(deadline))
            else:
                return


def next_wait(deadline: float | None) -> float:
    """Seconds to wait for the signal: until the deadline, and at most FALLBACK_POLL_INTERVAL_S.

    Raises:
        TimeoutError: the deadline has passed. Consumers expect it under its old name, socket.timeout.
    """
    if deadline is None:
        return FALLBACK_POLL_INTERVAL_S
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise TimeoutError
    return min(remaining, FALLBACK_POLL_INTERVAL_S)


TRANSPORT_ALIASES[SCHEME] = "shared.bus.transport.embedded:Transport"
