"""TLS over a socket of green threads, of which one reads while others write.

Why not the socket of `ssl`: it reads and writes by itself, so a write may wait for something to read while the reader waits for the same,
which eventlet refuses ("second simultaneous read"), and closing waits for the goodbye of the other side in the same way. Here TLS is a
filter in memory, and each green thread waits on the plain socket in one direction only, as it does without TLS.
"""

import ssl
import threading
import time
from typing import Any

READ_BYTES = 32 * 1024  # asked of the socket in one call: a record of TLS has up to 16 KiB
LEAST_WAIT_S = 0.001  # zero would mean not to wait at all


class TlsSocket:
    """What py-amqp uses of a socket."""

    def __init__(self, socket: Any, context: ssl.SSLContext, name: str) -> None:
        self.socket = socket
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.filter = context.wrap_bio(self.incoming, self.outgoing, server_hostname=name)
        self.writing = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        """Whatever has nothing to do with TLS. Closing says no goodbye: the connection of AMQP has had its own."""
        return getattr(self.socket, name)

    def handshake(self, seconds: float) -> None:
        """Agree with the other side, and verify its certificate.

        Raises:
            SSLError: it is not accepted, here or there.
            OSError: the connection is lost, or nothing is agreed in time.
        """
        until, before = time.monotonic() + seconds, self.socket.gettimeout()
        while True:
            try:
                self.filter.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.send_pending()
                self.socket.settimeout(max(LEAST_WAIT_S, until - time.monotonic()))
                if not self.receive_more():
                    raise ConnectionResetError("the connection was closed while TLS was agreed on") from None
            except ssl.SSLError:
                self.send_pending()  # it says why
                raise
        self.send_pending()
        self.socket.settimeout(before)

    def recv(self, size: int) -> bytes:
        """At least one byte; none at the end."""
        while True:
            try:
                return self.filter.read(size)
            except ssl.SSLWantReadError:
                if self.outgoing.pending and not self.writing.locked():  # a change of keys, say; whoever is writing sends it too
                    self.send_pending()
                if not self.receive_more():
                    return b""
            except ssl.SSLZeroReturnError:
                return b""

    def sendall(self, data: bytes) -> None:
        self.filter.write(data)
        self.send_pending()

    def receive_more(self) -> bool:
        data = self.socket.recv(READ_BYTES)
        self.incoming.write(data)
        return bool(data)

    def send_pending(self) -> None:
        with self.writing:
            while self.outgoing.pending:
                self.socket.sendall(self.outgoing.read())
