"""RabbitMQ's wire, as amqp speaks it but for two habits that cost more than the messages themselves.

amqp reads a frame in three calls of the exact size, and a message is three frames: here one call takes what has arrived. And before
each message that it sends it looks whether the broker is blocked: here nobody asks, since a broker that takes no more confirms
nothing and answers nothing either, and both are watched.
"""

from typing import Any

import amqp.transport
from kombu.transport import TRANSPORT_ALIASES, pyamqp

from shared.runtime.native_threads import green_only

green_only(__name__)

SCHEME = "amqp"
AHEAD = 16 * 1024  # bytes asked of the socket at once


class ReadingAhead(amqp.transport.TCPTransport):  # type: ignore[misc]  # amqp has no types
    def _setup_transport(self) -> None:
        super()._setup_transport()
        receive = self.sock.recv
        self._quick_recv = lambda size: receive(max(size, AHEAD))


class Connection(pyamqp.Connection):
    negotiate_capabilities = {**pyamqp.Connection.negotiate_capabilities, "connection.blocked": False}  # noqa: RUF012

    def Transport(self, host: str, connect_timeout: float, ssl: Any = False, *times: Any, **options: Any) -> Any:  # noqa: N802
        if ssl:
            return super().Transport(host, connect_timeout, ssl, *times, **options)
        return ReadingAhead(host, connect_timeout, *times, **options)


class Transport(pyamqp.Transport):
    Connection = Connection


TRANSPORT_ALIASES[SCHEME] = "shared.bus.transport.amqp:Transport"
