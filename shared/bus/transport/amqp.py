"""kombu's transport for RabbitMQ, with two changes that make it faster and one that notices silence.

How it works
------------
py-amqp speaks the protocol, and this module overrides two of its habits, both measured as more expensive than the messages themselves:

- *Reading.* py-amqp reads a frame with three calls of `recv`, each of the exact size that it needs next, and a message is at least three
  frames. `ReadAheadTransport` asks the socket for READ_AHEAD_BYTES and takes what has arrived: usually one call for several frames. The
  transport's own buffer keeps the rest.
- *Writing.* Before each message py-amqp looks whether the broker has announced `connection.blocked`, with a read of the socket. The
  connection does not offer that capability, so there is nothing to look for. A blocked broker stops reading, confirms nothing and
  replies to nothing; the timeouts of confirms and of RPC notice that.

- *Silence.* A broker that is frozen, or beyond a cut cable, closes no connection: whoever waits for it would wait until TCP gives up.
  Each connection has heartbeats of AMQP in a green thread of its own, so that they come on time whatever its owner does. A connection
  on which nothing has arrived for two of them is shut down, and its owner sees it end. What has arrived and waits to be read counts.

Addresses with TLS use py-amqp's transport as it is, with the same heartbeats. Importing this module registers the transport with kombu as `amqp://`.
"""

import logging
import socket
import threading
import time
from contextlib import suppress
from typing import Any

import amqp.transport
import eventlet
from eventlet.patcher import original
from kombu.transport import TRANSPORT_ALIASES, pyamqp

from shared.runtime.native_threads import green_only

green_only(__name__)

SCHEME = "amqp"
READ_AHEAD_BYTES = 16 * 1024  # asked of the socket in one call
HEARTBEAT_S = 3  # RabbitMQ takes less than 5 s for likely to be wrong about a busy client; a thread of its own is not busy
SILENCE_S = 2.0 * HEARTBEAT_S  # after which a connection is dead, here and for the broker

log = logging.getLogger(__name__)

select: Any = original("select")  # a look without waiting needs no hub
poll, POLLIN, POLLOUT = select.poll, select.POLLIN, select.POLLOUT


class ReadAheadTransport(amqp.transport.TCPTransport):  # type: ignore[misc]  # amqp has no types
    def _setup_transport(self) -> None:
        super()._setup_transport()
        receive = self.sock.recv
        self._quick_recv = lambda size: receive(max(size, READ_AHEAD_BYTES))


class Connection(pyamqp.Connection):
    negotiate_capabilities = {  # noqa: RUF012 - kombu's own class attribute, which is not annotated as ClassVar
        **pyamqp.Connection.negotiate_capabilities,
        "connection.blocked": False,
    }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{**options, "heartbeat": HEARTBEAT_S})

    def Transport(self, host: str, connect_timeout: float, ssl: Any = False, *timeouts: Any, **options: Any) -> Any:  # noqa: N802 - amqp's name
        if ssl:
            return super().Transport(host, connect_timeout, ssl, *timeouts, **options)
        return ReadAheadTransport(host, connect_timeout, *timeouts, **options)

    def connect(self, callback: Any = None) -> Any:
        if self.connected:
            return super().connect(callback)
        answer = super().connect(callback)
        eventlet.spawn(keep_alive, self, self.transport, whole_writes(self.transport))
        return answer


class Transport(pyamqp.Transport):
    Connection = Connection


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


TRANSPORT_ALIASES[SCHEME] = "shared.bus.transport.amqp:Transport"
