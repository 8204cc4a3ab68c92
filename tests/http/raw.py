"""Requests as bytes on a socket, and what comes back."""

import json
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPResponse
from typing import Any, NamedTuple

from tests.processes import Product

TIMEOUT_S = 10.0


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


def send(product: Product, request: bytes) -> Answer:
    """The first answer to these bytes. The connection is then closed."""
    with socket.create_connection(("127.0.0.1", product.port), timeout=TIMEOUT_S) as connection:
        connection.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received and (part := connection.recv(65_536)):
            received += part
        head, _, body = received.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        while not request.startswith(b"HEAD ") and len(body) < int(headers.get("content-length", 0)) and (part := connection.recv(65_536)):
            body += part
    return Answer(int(first.split()[1]), headers, body)


def request(product: Product, method: str, path: str, body: bytes = b"", /, *, role: str = "coordinator", **headers: str) -> bytes:
    """A request with these headers (`Content_Type` is Content-Type); a Content-Length is added unless the body is in chunks."""
    fields = {"Host": f"127.0.0.1:{product.port}", "Authorization": f"Bearer {product.token(role)}"}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    if "Transfer-Encoding" not in fields and body:
        fields.setdefault("Content-Length", str(len(body)))
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("utf-8", "surrogateescape") + body


def chunked(*parts: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (*parts, b""))


@contextmanager
def connected(product: Product) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", product.port), timeout=TIMEOUT_S) as connection:
        yield connection


def lines_head(product: Product, **headers: str) -> bytes:
    """The head of a request of lines; the body follows in chunks unless it has a length."""
    if "Content_Length" not in headers:
        headers["Transfer_Encoding"] = "chunked"
    return request(product, "POST", "/v1/commands", role="coach", Content_Type="application/x-ndjson", **headers)


def chunk(part: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(part), part)


def read_replies(connection: socket.socket) -> list[dict[str, Any]]:
    """Every reply, up to the end of the answer."""
    answer = HTTPResponse(connection, method="POST")
    answer.begin()
    assert answer.status == 200, answer.read()
    return [json.loads(line) for line in answer.read().splitlines()]


def replies_to(product: Product, body: bytes | Sequence[bytes], **headers: str) -> list[dict[str, Any]]:
    """The replies to a body: with its length, or in these chunks."""
    with connected(product) as connection:
        if isinstance(body, bytes):
            connection.sendall(lines_head(product, Content_Length=str(len(body)), **headers) + body)
        else:
            connection.sendall(lines_head(product, **headers) + chunked(*body))
        return read_replies(connection)
