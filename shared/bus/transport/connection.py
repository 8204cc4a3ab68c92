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

from shared.address import Address
from shared.bus.brokers import brokers
from shared.bus.topology import is_embedded
from shared.bus.transport import amqp, embedded
from shared.message import EventMessage, decode_event
from shared.runtime.native_threads import green_only

log = logging.getLogger(__name__)

BROKER_FAULTS = (OSError, AMQPError, KombuError)  # the exceptions that mean that the broker is away

assert embedded.SCHEME not in amqp.SCHEMES  # their imports register both transports with kombu; using them keeps the imports
green_only(__name__)
Connection: Any = kombu.connection.Connection  # kombu's annotations are incomplete
Consumer: Any = kombu.messaging.Consumer
Exchange: Any = kombu.entity.Exchange
Queue: Any = kombu.entity.Queue


def connection_to(address: Address) -> Any:
    """A connection, not opened yet. The addresses, limits, heartbeats and TLS of RabbitMQ: see `amqp.py` and `shared.bus.brokers`."""
    if is_embedded(address):
        return Connection(address.reveal())
    first = brokers(address)[0]
    shown = {"hostname": first.host, "port": first.port, "userid": first.user, "virtual_host": first.virtual_host}  # in nameko's logs
    return Connection(transport=address.scheme, transport_options={amqp.ADDRESS: address}, **shown)


def connect(connection: Any) -> None:
    """Open it now. Each broker of its address is tried once: who calls knows better than kombu whether to wait and try again.

    Raises:
        BROKER_FAULTS: none opens a connection.
    """
    connection.ensure_connection(max_retries=0, reraise_as_library_errors=False)


@contextmanager
def open_connection(uri: Address | str) -> Iterator[Any]:
    """A connection for the caller alone.

    Raises:
        BROKER_FAULTS: the broker is away.
    """
    connection = connection_to(Address(uri))
    try:
        connect(connection)
        yield connection
    finally:
        with suppress(*BROKER_FAULTS):
            connection.release()


def drain_one(connection: Any, timeout: float) -> bool:
    """Wait up to `timeout` seconds for one frame or message of the connection, and dispatch it; False when there was none."""
    try:
        connection.drain_events(timeout=timeout)
    except TimeoutError:
        return False
    return True


def consuming(channel: Any, queue: str, on_message: Callable[[Any], None], prefetch: int) -> Any:
    """A context manager. Inside it, draining the connection gives each message of the queue to `on_message`.

    The broker sends at most `prefetch` messages before one of them is acknowledged.
    """
    return Consumer(channel, [Queue(queue, channel=channel)], on_message=on_message, auto_declare=False, prefetch_count=prefetch)


def event_of(message: Any) -> EventMessage | None:
    """The event in a message; None if it cannot be decoded. Nothing is lost: the inbox notices the gap and reads the log."""
    try:
        return decode_event(bytes(message.body) if isinstance(message.body, memoryview) else message.body)
    except msgspec.MsgspecError as fault:
        log.warning("ignored a message that is not an event: %s", fault)
        return None
