"""Addresses at which no server answers, and servers of TLS with a certificate that a client must refuse."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tests.servers.certificates import Authority
from tests.servers.process import free_port


@contextmanager
def refusing() -> Iterator[int]:
    """A port at which nobody listens."""
    yield free_port()


@contextmanager
def silent() -> Iterator[int]:
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


@contextmanager
def full() -> Iterator[int]:
    """A port that does not even take connections: the kernel drops what arrives, as if it were lost on the way."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, ExitStack() as waiting:
        for _ in range(4):
            client = waiting.enter_context(socket.socket())
            client.setblocking(False)
            with suppress(BlockingIOError):
                client.connect(listener.getsockname())
        yield int(listener.getsockname()[1])


DEAD = {"refusing": refusing, "silent": silent, "full": full}


def context_with(authority: Authority, folder: Path, *, expired: bool = False) -> ssl.SSLContext:
    """Of a server whose certificate that authority has signed."""
    certificate, key = authority.sign(expired=expired)
    file = folder / "server.pem"
    file.write_text(certificate + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


@contextmanager
def serving(context: ssl.SSLContext | None, greet: Callable[[socket.socket], object] = lambda _: None) -> Iterator[int]:
    """A port whose server greets each client, agrees on TLS if it has a context, and closes the connection."""

    def serve() -> None:
        with suppress(OSError):  # the listener was closed
            while True:
                client, _ = listener.accept()
                threading.Thread(target=answer, args=(client,), daemon=True).start()

    def answer(client: socket.socket) -> None:
        with client, suppress(OSError):  # the client does not accept it
            client.settimeout(10)
            greet(client)
            if context is not None:
                with context.wrap_socket(client, server_side=True) as secured:
                    secured.recv(1)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield int(listener.getsockname()[1])
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
