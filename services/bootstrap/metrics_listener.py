"""Answers `GET /metrics` of a process, on an address of its own, to the networks of the operator.

It listens in native threads, so that metrics are answered while the green threads of the process are at a standstill, and a process that
has no HTTP interface needs none of eventlet for it. This module is imported by `import_native`.
"""

import logging
import socket
import threading
from collections.abc import Iterable, Sequence
from ipaddress import IPv6Address, ip_address
from socketserver import TCPServer, ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import make_wsgi_app

from services.bootstrap.network_settings import Network
from services.bootstrap.settings import Settings
from shared.metrics import REGISTRY

log = logging.getLogger("parcours")

PATH = "/metrics"
REQUEST_TIMEOUT_S = 10  # in which a client sends its request, and takes the answer
TEXT = [("Content-Type", "text/plain; charset=utf-8")]

measured = make_wsgi_app(REGISTRY)


class Handler(WSGIRequestHandler):
    timeout = REQUEST_TIMEOUT_S

    def log_message(self, *args: object) -> None:
        """A request each few seconds is no news."""


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True  # of the requests: none keeps a process from ending

    def server_bind(self) -> None:
        """Without asking the name service who we are, as HTTPServer does."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()


class ServerV6(Server):
    address_family = socket.AF_INET6


def listen(settings: Settings) -> Server | None:
    """Answer on the address of the settings from now on, until the process ends. None if they name none.

    Raises:
        OSError: the address cannot be listened on.
    """
    if settings.metrics_listen is None:
        return None
    kind = ServerV6 if ":" in settings.metrics_listen[0] else Server
    server = kind(settings.metrics_listen, Handler)
    server.set_app(lambda environ, start_response: answer(settings.metrics_from, environ, start_response))
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server


def answer(networks: Sequence[Network], environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    if not in_networks(environ["REMOTE_ADDR"], networks):
        start_response("403 Forbidden", TEXT)
        return [b"Not from here.\n"]
    if environ["PATH_INFO"] != PATH or environ["REQUEST_METHOD"] != "GET":
        start_response("404 Not Found", TEXT)
        return [b"GET /metrics\n"]
    answered: Iterable[bytes] = measured(environ, start_response)
    return answered


def in_networks(address: str, networks: Sequence[Network]) -> bool:
    """Whether a client is in one of the networks. On an address of IPv6, one of IPv4 is written inside of one."""
    client = ip_address(address)
    plain = client.ipv4_mapped or client if isinstance(client, IPv6Address) else client
    return any(plain in network for network in networks)
