"""Requests as bytes on a socket, and what comes back."""

import socket
from typing import NamedTuple

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
