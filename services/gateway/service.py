"""The nameko service of the gateway: every request of every method goes to `HttpApp.respond`.

A process has one nameko service with HTTP entrypoints: two would each bind the port, and the kernel would spread requests at random.
"""

import errno
import logging
from functools import partial
from typing import Any

import eventlet
from eventlet import wsgi
from nameko.extensions import DependencyProvider
from nameko.web.handlers import HttpRequestHandler
from nameko.web.server import HttpOnlyProtocol, WebServer
from werkzeug.wrappers import Request, Response

from services.gateway.command_client import RpcCommandClient
from services.gateway.http_app import HttpApp
from shared.bus.nameko.rpc_client import Replies, RpcClient
from shared.bus.nameko.write_service import COMPONENTS
from shared.errors import Fault

log = logging.getLogger(__name__)

LISTEN_BACKLOG = 1_024  # connections that wait to be accepted: a thousand followers may reconnect at once
SOCKET_TIMEOUT_S = 60.0  # for one read from a client, or one write to it
FEED_BATCH_DELAY_S = 0.02  # between two pages of the live feed; the first event after a quiet time is shown at once
SHORTAGES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.ECONNABORTED})  # of accept; they pass
SHORTAGE_DELAY_S = 0.2
RETRY_DELAY_S = 1.0  # before the log is read again after it was away


class HttpProtocol(HttpOnlyProtocol):  # type: ignore[misc]  # nameko has no types
    """A body in an encoding that nobody here reads would be taken for the next request."""

    def parse_request(self) -> bool:
        if not super().parse_request():
            return False
        if self.headers.get("transfer-encoding", "chunked").lower() != "chunked":
            self.wfile.write(b"HTTP/1.1 501 Not Implemented\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            self.close_connection = True
            return False
        return True

    def finish(self) -> None:
        """Close what reads from the socket too, which is left open when the client has gone: a socket is closed with its last file."""
        try:
            super().finish()
        finally:
            self.rfile.close()


class HttpServer(WebServer):  # type: ignore[misc]  # nameko has no types
    """nameko's server with a longer backlog, and a timeout for clients that do not read."""

    _sock: Any
    _is_accepting: bool
    _starting: bool  # set by nameko, which starts the server once for each entrypoint

    def start(self) -> None:
        if not self._starting:
            self._starting = True
            self._sock = eventlet.listen(self.bind_addr, backlog=LISTEN_BACKLOG, reuse_port=False)  # one process, one socket
            self._sock.settimeout(None)
            self._serv = self.get_wsgi_server(self._sock, self.get_wsgi_app())
            self._gt = self.container.spawn_managed_thread(self.run)

    def run(self) -> None:
        """Accept connections. While no more files can be opened, those that come wait in the backlog."""
        while self._is_accepting:
            try:
                connection, address = self._sock.accept()
            except OSError as fault:
                if fault.errno not in SHORTAGES:
                    raise
                log.warning("no connection can be accepted now: %s", fault.strerror)
                eventlet.sleep(SHORTAGE_DELAY_S)
                continue
            connection.settimeout(self._serv.socket_timeout)
            self.container.spawn_managed_thread(partial(self.process_request, connection, address))

    def process_request(self, connection: Any, address: Any) -> None:
        """The requests of one connection. A client that breaks off is its own affair, and its socket is closed in any case."""
        try:
            super().process_request(connection, address)
        except OSError as fault:
            log.info("a connection broke: %s", fault)
        finally:
            connection.close()

    def stop(self) -> None:
        super().stop()
        self.close()

    def kill(self) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening at once: a socket that survived a restart would take half of the requests and answer none."""
        self._is_accepting = False
        if self._sock is not None:
            self._sock.close()

    def get_wsgi_app(self) -> Any:
        """Every request of every method, to the one entrypoint: nameko's own routing would answer some in its own words."""

        def app(environ: Any, start_response: Any) -> Any:
            (entrypoint,) = self._providers
            environ["wsgi.input_terminated"] = environ["eventlet.input"].chunked_input  # werkzeug reads no other body without a length
            request = Request(environ)
            request.path_values = {}  # type: ignore[attr-defined]  # nameko's
            return entrypoint.handle_request(request)(environ, start_response)

        return app

    def get_wsgi_server(self, sock: Any, wsgi_app: Any, protocol: Any = HttpProtocol, debug: bool = False) -> Any:
        name = sock.getsockname()
        return wsgi.Server(sock, name, wsgi_app, protocol=protocol, debug=debug, log=log, log_output=False, socket_timeout=SOCKET_TIMEOUT_S)


class CatchAllHandler(HttpRequestHandler):  # type: ignore[misc]  # nameko has no types
    server = HttpServer()

    def check_signature(self, args: Any, kwargs: Any) -> None:
        """The one method below takes every request."""


http = CatchAllHandler.decorator


class GatewayProvider(DependencyProvider):  # type: ignore[misc]  # nameko has no types
    """Builds the HTTP application when the service is set up, and fills its live feed while the service lives.

    `config["parcours"]["gateway"]["compose"]` makes the `GatewayDeps` of this process from its RPC client.
    """

    replies = Replies()

    def setup(self) -> None:
        compose = self.container.config[COMPONENTS][self.container.service_name]["compose"]
        self.rpc = RpcClient(self.container, self.replies)
        deps = compose(self.rpc.call, RpcCommandClient(self.rpc.call))
        self.http = HttpApp(deps)
        self.feed = deps.feed

    def start(self) -> None:
        self.feed_thread = self.container.spawn_managed_thread(self.fill_feed, identifier="feed")

    def stop(self) -> None:
        self.feed_thread.kill()
        self.rpc.stop()

    def kill(self) -> None:
        self.rpc.stop()

    def fill_feed(self) -> None:
        while True:
            try:
                if self.feed.step():
                    eventlet.sleep(FEED_BATCH_DELAY_S)
            except Fault as fault:
                log.warning("the feed waits for the log: %s", fault)
                eventlet.sleep(RETRY_DELAY_S)

    def get_dependency(self, worker_ctx: Any) -> HttpApp:
        return self.http


class GatewayService:
    name = "gateway"

    app = GatewayProvider()

    @http("GET", "/")  # type: ignore[untyped-decorator]  # nameko has no types
    def respond(self, request: Request) -> Response:
        response: Response = self.app.respond(request)
        return response
