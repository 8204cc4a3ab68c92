"""A receiver of webhooks: a real HTTP server on the loopback address that notes what comes and answers what the test says."""

import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
from standardwebhooks import Webhook


class Received(msgspec.Struct, frozen=True):
    headers: dict[str, str]
    body: bytes
    answer: int

    @property
    def message(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        return dict(msgspec.json.decode(self.body))

    def verified(self, secret: str) -> dict[str, Any]:
        """The event, if the official library takes its signature for genuine."""
        return dict(Webhook(secret).verify(self.body, self.headers))


class Receiver:
    """`answer` gives the status of each answer; `delay` is slept before it."""

    def __init__(self, answer: Callable[["Receiver"], int] = lambda receiver: 204, delay: float = 0.0) -> None:
        self.answer = answer
        self.delay = delay
        self.received: list[Received] = []
        self.lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with receiver.lock:
                    status = receiver.answer(receiver)
                    received = Received({name.lower(): value for name, value in self.headers.items()}, body, status)
                    receiver.received.append(received)
                time.sleep(receiver.delay)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing: a test reads `received`."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/hook"

    @property
    def taken(self) -> list[Received]:
        """What was answered with success."""
        with self.lock:
            return [each for each in self.received if 200 <= each.answer < 300]

    def __enter__(self) -> "Receiver":
        self.thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self.server.shutdown()
        self.server.server_close()
