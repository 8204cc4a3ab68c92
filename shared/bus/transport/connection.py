"""Connections to the broker, the same for RabbitMQ and the embedded one."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import kombu.connection
import kombu.entity
import kombu.messaging
import msgspec
from amqp.exceptions import AMQPError
from kombu.exceptions import KombuError

from shared.bus.transport import amqp, embedded
from shared.message import EventMessage, decode_event
from shared.runtime.native_threads import green_only

log = logging.getLogger(__name__)

BROKER_FAULTS = (OSError, AMQPError, KombuError)  # what a broker that goes away looks like
CONNECT = 5.0  # seconds

assert embedded.SCHEME != amqp.SCHEME  # their imports register them with kombu
green_only(__name__)
Connection: Any = kombu.connection.Connection  # its types are half written
Consumer: Any = kombu.messaging.Consumer
Queue: Any = kombu.entity.Queue


@contextmanager
def connected(uri: str) -> Iterator[Any]:
    """A connection of one's own. No AMQP heartbeat: TCP keepalive finds a dead peer without a thread that must run on time."""
    connection = Connection(uri, connect_timeout=CONNECT, heartbeat=0, transport_options={"confirm_publish": False})
    try:
        connection.connect()
        yield connection
    finally:
        with suppress(*BROKER_FAULTS):
            connection.release()


def drained(connection: Any, timeout: float) -> bool:
    """Let one thing happen on the connection; False when nothing did."""
    try:
        connection.drain_events(timeout=timeout)
    except TimeoutError:
        return False
    return True


def consumer(channel: Any, queue: str, take: Callable[[Any], None], prefetch: int) -> Any:
    """A context: inside it, each message of the queue is given to `take` while the connection is drained."""
    return Consumer(channel, [Queue(queue, channel=channel)], on_message=take, auto_declare=False, prefetch_count=prefetch)


def event_of(message: Any) -> EventMessage | None:
    """The event in a message. One that cannot be read is no loss: the log has the event, and the gap is noticed."""
    try:
        return decode_event(bytes(message.body) if isinstance(message.body, memoryview) else message.body)
    except msgspec.MsgspecError as fault:
        log.warning("a message that is no event is ignored: %s", fault)
        return None
