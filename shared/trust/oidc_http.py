"""One request to an issuer of identities: within bounds of time and size, without redirects, proxies or cookies.

It blocks, in a native thread: the process imports this module with the sockets of Python itself (`shared.runtime.native_threads`).
"""

import socket
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from urllib.parse import urlsplit

import h11
from msgspec import Struct

from shared.errors import Unavailable
from shared.version import __version__

MAX_HEADER_BYTES = 16 * 1024
MAX_BODY_BYTES = 1024 * 1024
CHUNK = 16 * 1024
CONNECT_S = 2.0  # for one of the addresses of a host
TOTAL_S = 4.0  # of a request, from the resolved name to the last byte: a visitor waits, for two of them at most
PORTS = {"https": 443, "http": 80}


class HttpAnswer(Struct, frozen=True):
    status: int
    body: bytes


def request(method: str, address: str, headers: Mapping[str, str], body: bytes = b"") -> HttpAnswer:
    """The answer of an issuer.

    Raises:
        Unavailable: there was none in time, or none that HTTP knows.
    """
    deadline = time.monotonic() + TOTAL_S
    parts = urlsplit(address)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]

    def remaining() -> float:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    try:
        with closing(connected(host, port, parts.scheme == "https", remaining)) as connection:
            target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
            sent = {"Host": parts.netloc, "User-Agent": f"Parcours/{__version__}", "Connection": "close", "Accept": "application/json"}
            length = {"Content-Length": str(len(body))} if body else {}
            named = [*{**sent, **length, **headers}.items()]
            return exchange(connection, h11.Request(method=method, target=target, headers=named), body, remaining)
    except (OSError, h11.RemoteProtocolError) as fault:
        raise Unavailable(f"the issuer at {host} does not answer: {type(fault).__name__}") from fault


def connected(host: str, port: int, tls: bool, remaining: Callable[[], float]) -> socket.socket:
    connection = socket.create_connection((host, port), min(CONNECT_S, remaining()))
    if not tls:
        return connection
    try:
        connection.settimeout(remaining())
        return ssl.create_default_context().wrap_socket(connection, server_hostname=host)
    except BaseException:
        connection.close()
        raise


def exchange(connection: socket.socket, asked: h11.Request, body: bytes, remaining: Callable[[], float]) -> HttpAnswer:
    http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEADER_BYTES)
    events = (asked, h11.Data(data=body), h11.EndOfMessage()) if body else (asked, h11.EndOfMessage())
    connection.settimeout(remaining())
    connection.sendall(b"".join(http.send(event) or b"" for event in events))
    status, found = 0, bytearray()
    while True:
        event = http.next_event()
        match event:
            case h11.NEED_DATA:
                connection.settimeout(remaining())
                http.receive_data(connection.recv(CHUNK))
            case h11.Response():
                status = event.status_code
            case h11.Data():
                found += event.data
                if len(found) > MAX_BODY_BYTES:
                    raise ConnectionError("a body that is too long")
            case h11.EndOfMessage():
                return HttpAnswer(status, bytes(found))
            case h11.ConnectionClosed():
                raise ConnectionError("closed before the answer")
