"""A broker inside the process, for `embedded://`: kombu's memory transport, made fit for nameko.

Two repairs: nameko reads the content type among the properties of a message, and a consumer is woken by what arrives instead of
looking again and again. It keeps nothing, on purpose: what is durable is the log, and an inbox that misses a message reads it there.
"""

import threading
import time
from queue import Empty, Queue
from typing import Any

from kombu.transport import TRANSPORT_ALIASES
from kombu.transport import memory as kombu_memory
from kombu.transport import virtual as kombu_virtual

SCHEME = "embedded"
memory: Any = kombu_memory  # its types are half written
virtual: Any = kombu_virtual

PATIENCE = 5.0  # seconds between two looks when nobody wakes us: a net under the wake-ups, not a clock


class Signal:
    """Rings when something changed. Who waits gives what it last heard, so a ring between two looks is never missed."""

    def __init__(self) -> None:
        self.condition = threading.Condition()
        self.rings = 0

    def ring(self) -> None:
        with self.condition:
            self.rings += 1
            self.condition.notify_all()

    def wait(self, heard: int, timeout: float) -> None:
        with self.condition:
            if self.rings == heard:
                self.condition.wait(timeout)


changed = Signal()


class Channel(memory.Channel):  # type: ignore[misc]  # kombu's types are half written
    body_encoding = None  # nothing leaves the process: bytes stay bytes
    limits: dict[str, int] = {}  # noqa: RUF012 - one broker for the process, like the queues beside it

    def _new_queue(self, queue: str, **declared: Any) -> None:
        super()._new_queue(queue, **declared)
        limit = (declared.get("arguments") or {}).get("x-max-length")
        if limit:
            self.limits[queue] = limit

    def prepare_message(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        message: dict[str, Any] = super().prepare_message(*args, **kwargs)
        message["properties"]["content_type"] = message["content-type"]
        return message

    def _put(self, queue: str, message: dict[str, Any], **kwargs: Any) -> None:
        super()._put(queue, message, **kwargs)
        if queue in self.limits:
            shorten(self._queue_for(queue), self.limits[queue])
        changed.ring()

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:
        for tag in self.until(delivery_tag) if multiple else [delivery_tag]:
            super().basic_ack(tag)
        changed.ring()

    def until(self, delivery_tag: str) -> list[str]:
        """The tags of what was delivered on this channel up to one of them: kombu's memory knows no acknowledgement of several."""
        tags = [tag for tag in self.qos._delivered if tag not in self.qos._dirty]
        return tags[: tags.index(delivery_tag) + 1]

    def basic_reject(self, delivery_tag: str, requeue: bool = False) -> None:
        super().basic_reject(delivery_tag, requeue)
        changed.ring()


def shorten(queue: "Queue[Any]", limit: int) -> None:
    while queue.qsize() > limit:
        queue.get_nowait()


class Transport(memory.Transport):  # type: ignore[misc]  # kombu's types are half written
    Channel = Channel
    global_state = virtual.BrokerState()

    def drain_events(self, connection: Any, timeout: float | None = None) -> None:
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            heard = changed.rings
            try:
                self.cycle.get(self._deliver)
            except Empty:
                changed.wait(heard, left(deadline))
            else:
                return


def left(deadline: float | None) -> float:
    """Seconds still to wait; raises TimeoutError (socket.timeout, as consumers expect) when there are none."""
    if deadline is None:
        return PATIENCE
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise TimeoutError
    return min(remaining, PATIENCE)


TRANSPORT_ALIASES[SCHEME] = "shared.bus.transport.embedded:Transport"
