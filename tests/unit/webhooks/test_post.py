"""One request over real sockets: to the address that was checked, under the name, within bounds, whatever the receiver does."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.webhooks.delivery.post import Limits, NoAnswer, Poster
from services.webhooks.delivery.targets import Target
from tests.kurrent.security import self_signed

LIMITS = Limits(connect=1.0, total=1.5)
BODY = b"x" * 200_000
Serve = Callable[[socket.socket], None]


@contextmanager
def served(serve: Serve) -> Iterator[int]:
    """A server that handles connections one after another with `serve`; the block gets its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=handle, args=(connection,), daemon=True).start()

        def handle(connection: socket.socket) -> None:
            with connection:
                try:
                    serve(connection)
                except OSError:
                    return  # the client has gone

        threading.Thread(target=accept, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def target(port: int, *addresses: str, tls: bool = False) -> Target:
    return Target("hooks.example", port, f"hooks.example:{port}", "/a?b=c", tls, addresses or ("127.0.0.1",))


def post(port: int, body: bytes = BODY, poster: Poster | None = None, **more: bool) -> int:
    return (poster or Poster(LIMITS))(target(port, **more), {"webhook-id": "m-1"}, body)


def read_request(connection: socket.socket) -> bytes:
    text = b""
    while b"\r\n\r\n" not in text:
        text += connection.recv(65_536)
    head, _, body = text.partition(b"\r\n\r\n")
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
    while len(body) < length:
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body


def answering(answer: bytes) -> Serve:
    def serve(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(answer)

    return serve


def fault(serve: Serve) -> str:
    with served(serve) as port, pytest.raises(NoAnswer) as found:
        post(port)
    return found.value.code


@pytest.mark.parametrize("status", [200, 204, 302, 410, 500])
def test_the_status_is_what_the_receiver_said_and_nothing_is_followed(status: int) -> None:
    requests: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        requests.append(read_request(connection))
        connection.sendall(b"HTTP/1.1 %d Said\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 2\r\n\r\nok" % status)

    with served(serve) as port:
        assert post(port) == status
    [request] = requests
    head, _, body = request.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /a?b=c HTTP/1.1"
    assert {f"Host: hooks.example:{port}", "webhook-id: m-1", "Connection: close"} <= set(lines)
    assert body == BODY


def test_what_comes_before_the_answer_is_no_answer() -> None:
    with served(answering(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")) as port:
        assert post(port) == 202


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with served(answering(b"HTTP/1.1 204 No Content\r\n\r\n")) as port:
        assert post(port) == 204


def test_the_next_address_is_tried_when_one_does_not_take_the_connection() -> None:
    with served(answering(b"HTTP/1.1 204 No Content\r\n\r\n")) as port:
        assert Poster(LIMITS)(target(port, "127.0.0.9", "127.0.0.1"), {}, b"{}") == 204


def test_whoever_does_not_listen_was_not_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(NoAnswer) as found:
        post(port)
    assert found.value.code == "not_reached"


def silent(connection: socket.socket) -> None:
    read_request(connection)
    time.sleep(20)


def deaf(connection: socket.socket) -> None:
    time.sleep(20)


def dripping(connection: socket.socket) -> None:
    read_request(connection)
    for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 1_000:
        connection.sendall(bytes([byte]))
        time.sleep(0.1)


@pytest.mark.parametrize("serve", [silent, deaf, dripping])
def test_nobody_is_waited_for_longer_than_the_limit_in_all(serve: Serve) -> None:
    assert fault(serve) == "timeout"


def test_an_endless_body_changes_nothing() -> None:
    def serve(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.sendall(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")

    with served(serve) as port:
        assert post(port) == 200


def test_endless_headers_are_no_answer() -> None:
    def serve(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(b"X-Header: " + b"x" * 1_000 + b"\r\n")

    assert fault(serve) == "not_http"


@pytest.mark.parametrize(("answer", "code"), [(b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "not_http"), (b"", "not_http"), (b"HTTP/1.1 2", "not_http")])
def test_what_is_no_answer_of_http(answer: bytes, code: str) -> None:
    assert fault(answering(answer)) == code


class TlsServer:
    """A server with a certificate for hooks.example, which notes under which names it was asked."""

    def __init__(self, folder: Path, name: str) -> None:
        self.names: list[str] = []
        key, certificate = self_signed(name)
        (folder / "certificate.pem").write_bytes(certificate + key)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(folder / "certificate.pem")
        self.context.sni_callback = lambda connection, name, context: self.names.append(name)
        self.client = ssl.create_default_context(cadata=certificate.decode())

    def serve(self, connection: socket.socket) -> None:
        with self.context.wrap_socket(connection, server_side=True) as secure:
            read_request(secure)
            secure.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")


def test_tls_is_made_with_the_name_and_goes_to_the_address_that_was_checked(tmp_path: Path) -> None:
    """`hooks.example` has no address anywhere: nothing resolves it a second time."""
    server = TlsServer(tmp_path, "hooks.example")
    with served(server.serve) as port:
        assert post(port, poster=Poster(LIMITS, server.client), tls=True) == 204
    assert server.names == ["hooks.example"]


@pytest.mark.parametrize("trusted", [True, False], ids=["other-name", "not-trusted"])
def test_a_certificate_that_is_not_the_receivers_is_refused(tmp_path: Path, trusted: bool) -> None:
    server = TlsServer(tmp_path, "inner.example" if trusted else "hooks.example")
    poster = Poster(LIMITS, server.client if trusted else None)
    with served(server.serve) as port, pytest.raises(NoAnswer) as found:
        post(port, poster=poster, tls=True)
    assert found.value.code == "tls"


def test_whoever_does_not_speak_tls_is_refused() -> None:
    with served(answering(b"HTTP/1.1 204 No Content\r\n\r\n")) as port, pytest.raises(NoAnswer) as found:
        post(port, tls=True)
    assert found.value.code in {"tls", "timeout", "broken_off"}
