"""The nameko service of the gateway: every request of every method goes to `HttpApp.respond`.

A process has one nameko service with HTTP entrypoints: two would each bind the port, and the kernel would spread requests at random.

How it stops
------------
`drain` comes before anything of the gateway is stopped. A request that is under way is answered, down to its last byte, and its connection
is closed. One that comes meanwhile is told to come back (503, Retry-After). Then the connections that wait in the backlog are accepted:
the kernel would reset them when the socket is closed. It is closed, connections are refused, and what was accepted is answered too.
A client that was not told that its connection ends may be about to send on it: its next request is waited for, for a moment.
Followers of the live feed are under way for ever: they are not waited for, and resume elsewhere after their last event.
"""

import errno
import logging
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import eventlet
from eventlet import wsgi
from nameko.extensions import DependencyProvider
from nameko.web.handlers import HttpRequestHandler
from nameko.web.server import WebServer
from werkzeug.wrappers import Request, Response

from services.gateway.command_client import RpcCommandClient
from services.gateway.http_app import HttpApp
from services.gateway.http_protocol import HttpProtocol
from services.gateway.problems import unavailable
from services.gateway.session import REFRESH_S
from shared.bus.nameko.queue_consumer import COMPONENTS
from shared.bus.nameko.rpc_client import RpcClient
from shared.errors import Damaged, Fault

log = logging.getLogger(__name__)

LISTEN_BACKLOG = 1_024  # connections that wait to be accepted: a thousand followers may reconnect at once
SOCKET_TIMEOUT_S = 60.0  # for one read from a client, or one write to it
SHORTAGES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.ECONNABORTED})  # of accept; they pass
SHORTAGE_DELAY_S = 0.2
DRAIN_TIMEOUT_S = 6.0  # a part of the time that a process has to stop
NEXT_REQUEST_TIMEOUT_S = 1.0  # how long the next request is waited for, on a connection of which its client does not know that it ends
DRAIN_INTERVAL_S = 0.02
MAX_DISCARDED_BYTES = 64 * 1024 * 1024  # of a body that is not read any more: its sender sees the answer if it ends before
DISCARDED_AT_ONCE = 64 * 1024
FOLLOWED = "text/event-stream"
FEED_BATCH_DELAY_S = 0.02  # between two pages of the live feed; the first event after a quiet time is shown at once
LOOK_INTERVAL_S = 2.0  # between two looks whether the followers who wait are still there
RETRY_DELAY_S = 1.0  # before the log is read again after it was away


class HttpServer(WebServer):  # type: ignore[misc]  # nameko has no types
    """nameko's server with a longer backlog, a timeout for clients that do not read, and an end that breaks no request off."""

    _sock: Any
    _is_accepting: bool
    _starting: bool  # set by nameko, which starts the server once for each entrypoint

    def __init__(self) -> None:
        super().__init__()
        self.draining = False
        self.stopping: Callable[[Request], Response] = lambda request: unavailable(reading=True).response()  # until there is an application
        self.under_way: set[int] = set()  # the requests that are being answered; those of followers are not among them
        self.connections: dict[Any, Any] = {}  # those that are open, by the address and port of their client
        self.expected: set[Any] = set()  # the addresses of those on which a request may come: the client was not told that they end

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
            self.take(connection, address)

    def take(self, connection: Any, address: Any) -> None:
        self.connections[address[:2]] = connection
        self.expected.add(address[:2])
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
            self.connections.pop(address[:2], None)
            self.expected.discard(address[:2])

    def drain(self) -> None:
        """Wait, for DRAIN_TIMEOUT_S at most, until every request that came before is answered. Those that come meanwhile are refused."""
        self.draining = True
        deadline = time.monotonic() + DRAIN_TIMEOUT_S
        wait_while(lambda: bool(self.under_way), deadline)
        self.stop_listening()
        wait_while(lambda: bool(self.expected), min(deadline, time.monotonic() + NEXT_REQUEST_TIMEOUT_S))
        wait_while(lambda: bool(self.under_way) or any(map(has_sent, self.connections.values())), deadline)

    def stop_listening(self) -> None:
        """Accept the connections that wait in the backlog, and close the socket."""
        if self._gt is not None:
            self._gt.kill()
        if self._sock is not None and self._is_accepting:
            self._sock.setblocking(False)
            with suppress(OSError):  # BlockingIOError: none waits any more; another one: none can be accepted
                while True:
                    connection, address = self._sock.accept()
                    self.take(self.green(connection), address)
        self.close()

    def green(self, connection: Any) -> Any:
        """A connection of the standard library as one that waits by letting other green threads go on."""
        connection.setblocking(False)
        return type(self._sock)(connection)

    def stop(self) -> None:
        self.stop_listening()
        super().stop()

    def kill(self) -> None:
        self.draining = True
        self.close()

    def close(self) -> None:
        """Stop listening at once: a socket that survived a restart would take half of the requests and answer none."""
        self._is_accepting = False
        if self._sock is not None:
            self._sock.close()

    def get_wsgi_app(self) -> Any:
        """Every request of every method, to the one entrypoint: nameko's own routing would answer some in its own words."""

        def app(environ: Any, start_response: Any) -> Any:
            self.under_way.add(id(environ))
            environ["eventlet.posthooks"].append((self.answered, (), {}))
            response = self.answer(environ)
            if response.mimetype == FOLLOWED:
                self.under_way.discard(id(environ))
            if self.draining:
                response.headers["Connection"] = "close"
            if self.draining or response.mimetype == FOLLOWED:
                self.expected.discard((environ["REMOTE_ADDR"], int(environ["REMOTE_PORT"])))
            return response(environ, start_response)

        return app

    def answer(self, environ: Any) -> Response:
        body = environ["eventlet.input"]
        body.discard = partial(discard, body)
        environ["wsgi.input_terminated"] = body.chunked_input  # werkzeug reads no other body without a length
        request = Request(environ)
        request.path_values = {}  # type: ignore[attr-defined]  # nameko's
        entrypoint = next(iter(self._providers), None)
        if self.draining or entrypoint is None:
            return self.stopping(request)
        response: Response = entrypoint.handle_request(request)
        return response

    def answered(self, environ: Any) -> None:
        self.under_way.discard(id(environ))

    def get_wsgi_server(self, sock: Any, wsgi_app: Any, protocol: Any = HttpProtocol, debug: bool = False) -> Any:
        name = sock.getsockname()
        return wsgi.Server(sock, name, wsgi_app, protocol=protocol, debug=debug, log=log, log_output=False, socket_timeout=SOCKET_TIMEOUT_S)


def wait_while(condition: Callable[[], bool], deadline: float) -> None:
    while condition() and time.monotonic() < deadline:
        eventlet.sleep(DRAIN_INTERVAL_S)


def has_sent(connection: Any) -> bool:
    """Whether something of the client can be read that nobody has read yet. It would be lost with the connection."""
    try:
        return bool(connection.fd.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
    except OSError:  # nothing, or the connection is closed
        return False


def discard(body: Any) -> None:
    """Read the rest of a body, so that its sender gets to read the answer.

    Raises:
        OSError: it is too long; the connection is then closed.
    """
    left = MAX_DISCARDED_BYTES
    while part := body.read(min(left + 1, DISCARDED_AT_ONCE)):
        left -= len(part)
        if left < 0:
            raise OSError("the rest of a body is too long")


class CatchAllHandler(HttpRequestHandler):  # type: ignore[misc]  # nameko has no types
    server = HttpServer()

    def check_signature(self, args: Any, kwargs: Any) -> None:
        """The one method below takes every request."""

    def stop(self) -> None:
        """Answer what is under way first: `GatewayProvider` and the other services are still there."""
        self.server.drain()
        super().stop()

    def response_from_exception(self, fault: Exception) -> Response:
        """`HttpApp.respond` raises nothing: this is the container, which no longer takes requests."""
        log.info("a request came too late: %r", fault)
        return unavailable(reading=True).response()


http = CatchAllHandler.decorator


class GatewayProvider(DependencyProvider):  # type: ignore[misc]  # nameko has no types
    """Builds the HTTP application when the service is set up; fills its live feed and follows ended sessions while the service lives.

    `config["parcours"]["gateway"]["compose"]` makes the `GatewayDeps` of this process from its RPC client.
    """

    server = HttpServer()  # that of the entrypoint: there is one in each container
    rpc: RpcClient | None = None  # until it is set up: what is still starting may be killed
    threads: Sequence[Any] = ()

    def setup(self) -> None:
        compose = self.container.config[COMPONENTS][self.container.service_name]["compose"]
        rpc = self.rpc = RpcClient(self.container)
        deps = compose(rpc.call, RpcCommandClient(rpc.call), rpc.linked)
        self.http = HttpApp(deps)
        self.server.stopping = self.http.stopping
        self.feed = deps.feed
        self.http.ended.try_refresh()  # before the first request

    def start(self) -> None:
        assert self.rpc is not None, "set up before"
        work = {"feed": self.fill_feed, "followers": self.look_after_followers, "ended sessions": self.follow_sessions}
        work["link to the broker"] = self.rpc.keep_linked
        self.threads = [self.container.spawn_managed_thread(run, identifier=name) for name, run in work.items()]

    def stop(self) -> None:
        for thread in self.threads:
            thread.kill()
        self.kill()

    def kill(self) -> None:
        if self.rpc is not None:
            self.rpc.stop()

    def fill_feed(self) -> None:
        while True:
            try:
                if self.feed.step():
                    eventlet.sleep(FEED_BATCH_DELAY_S)
            except Damaged:  # no waiting mends it
                raise
            except Fault as fault:
                log.warning("the feed waits for the log: %s", fault)
                eventlet.sleep(RETRY_DELAY_S)

    def follow_sessions(self) -> None:
        while True:
            eventlet.sleep(REFRESH_S)
            self.http.ended.try_refresh()

    def look_after_followers(self) -> None:
        while True:
            eventlet.sleep(LOOK_INTERVAL_S)
            self.feed.look()

    def get_dependency(self, worker_ctx: Any) -> HttpApp:
        return self.http


class GatewayService:
    name = "gateway"

    app = GatewayProvider()

    @http("GET", "/")  # type: ignore[untyped-decorator]  # nameko has no types
    def respond(self, request: Request) -> Response:
        response: Response = self.app.respond(request)
        return response
