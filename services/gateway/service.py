"""The gateway, as nameko runs it: every request of every method goes to one function.

There is one nameko service with HTTP entrypoints in a process: two would each bind the port, and share the requests at random.
"""

import logging
from typing import Any

import eventlet
from eventlet import wsgi
from nameko.extensions import DependencyProvider
from nameko.web.handlers import HttpRequestHandler
from nameko.web.server import HttpOnlyProtocol, WebServer
from werkzeug.wrappers import Request, Response

from services.gateway.command_client import CommandBatcher
from services.gateway.http_app import HttpApp
from services.gateway.rpc_client import Replies, RpcClient
from shared.errors import Fault

log = logging.getLogger(__name__)

METHODS = "GET,POST,PUT,PATCH,DELETE,OPTIONS"  # ours to answer, or else nameko answers 405 in English
BACKLOG = 1_024  # connections that wait to be accepted: a thousand followers may come back at once
SILENCE = 60.0  # seconds for which one read from a client, or one write to it, may block
GATHER = 0.02  # seconds between two pages of the live feed: the first event after a quiet time is shown at once
PAUSE = 1.0  # seconds before the log is asked again when it was away


class PatientServer(WebServer):  # type: ignore[misc]  # nameko has no types
    """nameko's server, with room for a crowd and no patience for a client that does not read."""

    _starting: bool  # set by nameko, which may start it several times: once for each entrypoint

    def start(self) -> None:
        if not self._starting:
            self._starting = True
            self._sock = eventlet.listen(self.bind_addr, backlog=BACKLOG)
            self._sock.settimeout(None)
            self._serv = self.get_wsgi_server(self._sock, self.get_wsgi_app())
            self._gt = self.container.spawn_managed_thread(self.run)

    def get_wsgi_server(self, sock: Any, wsgi_app: Any, protocol: Any = HttpOnlyProtocol, debug: bool = False) -> Any:
        name = sock.getsockname()
        return wsgi.Server(sock, name, wsgi_app, protocol=protocol, debug=debug, log=log, log_output=False, socket_timeout=SILENCE)


class CatchAllHttp(HttpRequestHandler):  # type: ignore[misc]  # nameko has no types
    server = PatientServer()

    def check_signature(self, args: Any, kwargs: Any) -> None:
        """Every request goes to the one method below."""


http = CatchAllHttp.decorator


class GatewayProvider(DependencyProvider):  # type: ignore[misc]  # nameko has no types
    """Builds the HTTP side when the service is set up, and feeds its live feed while the service lives.

    `config["parcours"]["gateway"]["compose"]` gives, for a way to call services, the `GatewayDeps` of this process.
    """

    replies = Replies()

    def setup(self) -> None:
        compose = self.container.config["parcours"][self.container.service_name]["compose"]
        self.calls = RpcClient(self.container, self.replies)
        outside = compose(CommandBatcher(self.calls))
        self.http = HttpApp(outside)
        self.feed = outside.feed

    def start(self) -> None:
        self.feeding = self.container.spawn_managed_thread(self.follow, identifier="feed")

    def stop(self) -> None:
        self.feeding.kill()
        self.calls.stop()

    def kill(self) -> None:
        self.calls.stop()

    def follow(self) -> None:
        while True:
            try:
                if self.feed.step():
                    eventlet.sleep(GATHER)
            except Fault as fault:
                log.warning("the feed waits for the log: %s", fault)
                eventlet.sleep(PAUSE)

    def get_dependency(self, worker_ctx: Any) -> HttpApp:
        return self.http


class GatewayService:
    name = "gateway"

    doorway = GatewayProvider()

    @http(METHODS, "/")  # type: ignore[untyped-decorator]  # nameko has no types
    @http(METHODS, "/<path:path>")  # type: ignore[untyped-decorator]
    def answer(self, request: Request, path: str = "") -> Response:
        response: Response = self.doorway.respond(request)
        return response
