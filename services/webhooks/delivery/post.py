"""One request to a receiver: to an address that was checked, within bounds of time and size, without redirects, proxies or cookies.

Of the answer only the status matters. Its body is read up to a bound and dropped: a receiver that is still writing is not cut off.
"""

import socket
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Protocol

import h11
from msgspec import Struct

from services.webhooks.delivery.targets import Target
from shared.version import __version__

MAX_HEADER_BYTES = 16 * 1024
MAX_BODY_BYTES = 64 * 1024
MAX_BODY_S = 2.0  # for the body of an answer
CHUNK = 16 * 1024
USER_AGENT = f"Parcours/{__version__}"


class NoAnswer(Exception):
    """There was no answer. `code` says why, without a word of the receiver: timeout, not_reached, tls, broken_off, not_http."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Limits(Struct, frozen=True):
    """Seconds: until a connection is made, and until the answer is there, from the beginning."""

    connect: float = 5.0
    total: float = 15.0


class Post(Protocol):
    def __call__(self, target: Target, headers: Mapping[str, str], body: bytes) -> int: ...


class Poster:
    """`tls` is the context of connections with TLS: by default the authorities of the system are trusted (SSL_CERT_FILE)."""

    def __init__(self, limits: Limits, tls: ssl.SSLContext | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits
        self.tls = tls or ssl.create_default_context()
        self.clock = clock

    def __call__(self, target: Target, headers: Mapping[str, str], body: bytes) -> int:
        """Send a request; the status of the answer.

        Raises:
            NoAnswer: there was none.
        """
        deadline = self.clock() + self.limits.total
        try:
            with closing(self.connected(target, deadline)) as connection:
                return Exchange(connection, lambda: self.remaining(deadline)).status(target, headers, body)
        except TimeoutError as fault:
            raise NoAnswer("timeout") from fault
        except ssl.SSLError as fault:
            raise NoAnswer("tls") from fault
        except h11.RemoteProtocolError as fault:
            raise NoAnswer("not_http") from fault
        except OSError as fault:
            raise NoAnswer("broken_off") from fault

    def remaining(self, deadline: float) -> float:
        left = deadline - self.clock()
        if left <= 0:
            raise TimeoutError
        return left

    def connected(self, target: Target, deadline: float) -> socket.socket:
        """A connection to the first of the addresses that takes one, under the name of the host."""
        connection = self.reached(target, deadline)
        if not target.tls:
            return connection
        try:
            connection.settimeout(min(self.limits.connect, self.remaining(deadline)))
            return self.tls.wrap_socket(connection, server_hostname=target.host)
        except BaseException:
            connection.close()
            raise

    def reached(self, target: Target, deadline: float) -> socket.socket:
        connect_by = min(deadline, self.clock() + self.limits.connect)
        failure: OSError | None = None
        for address in target.addresses:
            try:
                return socket.create_connection((address, target.port), timeout=self.remaining(connect_by))
            except OSError as fault:
                failure = fault
        raise NoAnswer("timeout" if isinstance(failure, TimeoutError) else "not_reached") from failure


class Exchange:
    """One request and its answer on a connection. `remaining` gives the seconds that are left, and raises TimeoutError when none are."""

    def __init__(self, connection: socket.socket, remaining: Callable[[], float]) -> None:
        self.connection = connection
        self.remaining = remaining
        self.http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEADER_BYTES)

    def status(self, target: Target, headers: Mapping[str, str], body: bytes) -> int:
        sent = {"Host": target.authority, "User-Agent": USER_AGENT, "Content-Length": str(len(body)), "Connection": "close", **headers}
        self.send(h11.Request(method="POST", target=target.path, headers=list(sent.items())), h11.Data(data=body), h11.EndOfMessage())
        while True:
            event = self.next_event(self.remaining)
            if isinstance(event, h11.Response):
                self.drop_body()
                return event.status_code
            if not isinstance(event, h11.InformationalResponse):
                raise ConnectionError("closed before the answer")

    def send(self, *events: h11.Event) -> None:
        left = memoryview(b"".join(self.http.send(event) or b"" for event in events))
        while left:
            self.connection.settimeout(self.remaining())
            left = left[self.connection.send(left) :]

    def next_event(self, remaining: Callable[[], float]) -> object:
        """The next event of h11, when enough of the answer is there."""
        while (event := self.http.next_event()) is h11.NEED_DATA:
            self.connection.settimeout(remaining())
            self.http.receive_data(self.connection.recv(CHUNK))
        return event

    def drop_body(self) -> None:
        """Whatever is wrong with the body, the status stands."""
        until, read = time.monotonic() + MAX_BODY_S, 0

        def remaining() -> float:
            return max(0.001, min(self.remaining(), until - time.monotonic()))

        try:
            while read < MAX_BODY_BYTES and time.monotonic() < until:
                event = self.next_event(remaining)
                if not isinstance(event, h11.Data):
                    return
                read += len(event.data)
        except (OSError, h11.RemoteProtocolError):
            return
