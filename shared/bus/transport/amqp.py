"""kombu's transport for RabbitMQ, with and without TLS. It tries the brokers of an address in turn, is fast, and notices silence.

How it works
------------
Every connection of kombu in this process, nameko's own too, is opened here, by the rules of `shared.bus.brokers`. py-amqp speaks the
protocol; this module overrides some of its habits:

- *Reading.* py-amqp reads a frame with three calls of `recv`, each of the exact size that it needs next, and a message is at least three
  frames. `ReadAheadTransport` asks the socket for READ_AHEAD_BYTES and takes what has arrived: usually one call for several frames. The
  transport's own buffer keeps the rest.
- *Writing.* Before each message py-amqp looks whether the broker has announced `connection.blocked`, with a read of the socket. The
  connection does not offer that capability, so there is nothing to look for, and no green thread but its owner reads a connection. A
  blocked broker stops reading, confirms nothing and replies to nothing; the timeouts of confirms and of RPC notice that.
- *Silence.* A broker that is frozen, or beyond a cut cable, closes no connection: whoever waits for it would wait until TCP gives up.
  Each connection has heartbeats of AMQP in a green thread of its own, so that they come on time whatever its owner does. A connection
  on which nothing has arrived for two of them is shut down, and its owner sees it end. What has arrived and waits to be read counts.
- *TLS* is a filter between this transport and its socket (`tls_socket.py`), so all of this holds with it.

Importing this module registers the transport with kombu, as `amqp://` and as `amqps://`.
"""

import logging
import socket
import threading
import time
from contextlib import suppress
from typing import Any

import amqp.transport
import eventlet
from amqp.exceptions import AMQPError
from eventlet.patcher import original
from kombu.transport import TRANSPORT_ALIASES, pyamqp

from shared.address import Address
from shared.bus.brokers import HEARTBEAT_S, OPENING_TIMEOUT_S, PORTS, SILENCE_S, Broker, first_that_opens
from shared.bus.transport.tls_socket import TlsSocket
from shared.runtime.native_threads import green_only
from shared.tls import client_context

green_only(__name__)

SCHEMES = tuple(PORTS)
ADDRESS = "address"  # the transport option with our addresses; connections of nameko itself have none, and one address
READ_AHEAD_BYTES = 16 * 1024  # asked of the socket in one call
LEAST_WAIT_S = 0.001  # zero would mean not to wait at all

log = logging.getLogger(__name__)

select: Any = original("select")  # a look without waiting needs no hub
poll, POLLIN, POLLOUT = select.poll, select.POLLIN, select.POLLOUT


class ReadAheadTransport(amqp.transport.TCPTransport):  # type: ignore[misc]  # amqp has no types
    """`until` is when the broker must have agreed on TLS, if it has it."""

    def __init__(self, broker: Broker, until: float, **options: Any) -> None:
        super().__init__(host_and_port(broker), left(until), **options)
        self.broker = broker
        self.until = until

    def _setup_transport(self) -> None:
        if certificates := self.broker.certificates:
            tls = TlsSocket(self.sock, client_context(certificates), self.broker.name)
            tls.handshake(left(self.until))
            self.sock: Any = tls
        super()._setup_transport()
        receive = self.sock.recv
        self._quick_recv = lambda size: receive(max(size, READ_AHEAD_BYTES))


class Connection(pyamqp.Connection):
    negotiate_capabilities = {  # noqa: RUF012 - kombu's own class attribute, which is not annotated as ClassVar
        **pyamqp.Connection.negotiate_capabilities,
        "connection.blocked": False,
    }

    def __init__(self, broker: Broker, **options: Any) -> None:
        self.broker = broker
        self.until = 0.0
        user = {"userid": broker.user, "password": broker.password, "virtual_host": broker.virtual_host, "login_method": "PLAIN"}
        super().__init__(**{**options, **user, "heartbeat": HEARTBEAT_S})

    @property
    def connect_timeout(self) -> float:
        """py-amqp gives it to each step of opening; here it is what is left for all of them."""
        return left(self.until)

    @connect_timeout.setter
    def connect_timeout(self, seconds: float) -> None:
        """py-amqp sets it when it makes the connection; it is opened at once, and only once."""

    def Transport(self, *args: Any, socket_settings: Any = None, **options: Any) -> Any:  # noqa: N802 - amqp's name
        return ReadAheadTransport(self.broker, self.until, socket_settings=socket_settings)

    def connect(self, callback: Any = None) -> Any:
        if self.connected:
            return super().connect(callback)
        self.until = time.monotonic() + OPENING_TIMEOUT_S
        answer = super().connect(callback)
        eventlet.spawn(keep_alive, self, self.transport, whole_writes(self.transport))
        return answer


class Transport(pyamqp.Transport):
    def establish_connection(self) -> Connection:
        client: Any = self.client
        options = dict(client.transport_options or {})
        address = options.pop(ADDRESS, None) or Address(client.as_uri(include_password=True))
        return first_that_opens(address, lambda broker: self.open(broker, options), (OSError, AMQPError))

    def open(self, broker: Broker, options: dict[str, Any]) -> Connection:
        connection = Connection(broker, **options)
        connection.client = self.client
        connection.connect()
        return connection


def host_and_port(broker: Broker) -> str:
    return f"[{broker.host}]:{broker.port}" if ":" in broker.host else f"{broker.host}:{broker.port}"


def left(until: float) -> float:
    return max(LEAST_WAIT_S, until - time.monotonic())


def whole_writes(transport: Any) -> Any:
    """Let one green thread write at a time, as a write may wait in the middle of a frame. Returns the lock."""
    write, lock = transport._write, threading.Lock()

    def write_whole(data: bytes) -> None:
        with lock:
            write(data)

    transport._write = write_whole
    return lock


def keep_alive(connection: Any, transport: Any, lock: Any) -> None:
    """Send heartbeats while the connection lasts, and shut it down when the broker is silent."""
    received, heard = connection.bytes_recv, time.monotonic()
    while True:
        eventlet.sleep(HEARTBEAT_S / 2)
        if connection._transport is not transport or not transport.connected:
            return
        if connection.bytes_recv != received or is_ready(transport.sock, POLLIN):
            received, heard = connection.bytes_recv, time.monotonic()
        elif time.monotonic() - heard > SILENCE_S:
            log.warning("the broker was silent for %g s: its connection is shut down", SILENCE_S)
            connection.broker.failed()
            shut_down(transport)
            return
        if not lock.locked() and is_ready(transport.sock, POLLOUT):  # whoever is writing shows by it that this end lives
            try:
                connection.send_heartbeat()
            except OSError:  # the owner of the connection sees the same
                return


def is_ready(sock: Any, event: int) -> bool:
    """Whether a socket can be read or written at once, or has failed."""
    waiter = poll()
    waiter.register(sock.fileno(), event)
    return bool(waiter.poll(0))


def shut_down(transport: Any) -> None:
    """End the connection for whoever reads or writes it: the socket stays open until they close it."""
    with suppress(OSError):
        transport.sock.shutdown(socket.SHUT_RDWR)


for scheme in SCHEMES:
    TRANSPORT_ALIASES[scheme] = "shared.bus.transport.amqp:Transport"
