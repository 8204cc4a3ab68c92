"""The whole HTTP interface, as one function from a request to a response. It knows werkzeug and no server."""

import logging
from collections.abc import Callable
from typing import cast

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from services.gateway.command_lines import CommandLinesApi
from services.gateway.commands_api import CommandsApi, CommandSender
from services.gateway.dependencies import GatewayDeps
from services.gateway.descriptions import Descriptions
from services.gateway.headers import with_security_headers
from services.gateway.health import Health
from services.gateway.metrics import Metrics
from services.gateway.pages.site import Site
from services.gateway.problems import Problem, Problems, unforeseen
from services.gateway.queries_api import QueriesApi
from services.gateway.query_parameters import QueryParameters
from services.gateway.read_access import ReadAccess
from services.gateway.reporting_client import ReportingClient
from services.gateway.request_context import RequestContext
from services.gateway.session import COOKIE, Sessions, check_same_origin
from services.gateway.session_api import SessionApi
from services.gateway.stream import Stream
from shared.errors import Fault

log = logging.getLogger(__name__)
Handler = Callable[..., Response]


class HttpApp:
    """`respond` routes a request to its handler. Handlers raise faults and problems; they become problems here and nowhere else."""

    def __init__(self, deps: GatewayDeps) -> None:
        self.metrics = Metrics()
        self.parameters = QueryParameters(deps.territories, deps.events)
        self.problems = Problems(deps.catalogue)
        self.access = ReadAccess(deps.permissions)
        self.sessions = Sessions(deps.sessions_signer, development_login=deps.development_login)
        self.reporting = ReportingClient(deps.call, deps.feed.reached)
        self.sender = CommandSender(deps, self.metrics)
        self.stream = Stream(deps.feed, self.access, self.metrics)
        queries = QueriesApi(deps, self.access, self.reporting)
        self.site = Site(deps, queries, self.sender, self.sessions, self.problems)
        parts = (
            CommandsApi(self.sender),
            CommandLinesApi(self.sender, self.problems),
            SessionApi(self.sessions, self.sender),
            queries,
            Health(deps, self.metrics),
            Descriptions(deps, self.parameters),
            self.site,
        )
        rules = [Rule("/v1/stream", methods=["GET"], endpoint=self.stream.open), *(rule for part in parts for rule in part.rules())]
        self.map = Map(rules, strict_slashes=False, merge_slashes=False)

    def respond(self, request: Request) -> Response:
        """Answer a request. Never raises: a failure is answered as a problem, and an unforeseen one is logged too."""
        route = "?"
        try:
            rule, values = self.map.bind_to_environ(request.environ).match(return_rule=True)
            route = rule.rule
            response = self.handle(request, route, cast(Handler, rule.endpoint), values)
        except Problem as problem:
            response = self.show(request, problem)
        except (Fault, HTTPException) as fault:
            response = self.show(request, self.problems.of(fault))
        except Exception:
            log.exception("%s %s failed", request.method, route)
            response = self.show(request, unforeseen())
        self.metrics.count("http_requests_total", method=request.method, route=route, status=str(response.status_code))
        return with_security_headers(response)

    def handle(self, request: Request, rule: str, handler: Handler, values: object) -> Response:
        if "Authorization" not in request.headers and (COOKIE in request.cookies or not request.path.startswith("/v1/")):
            check_same_origin(request)
        identity = self.sessions.identify(request)
        query = self.parameters.read(rule, request.args) if request.args or rule in self.parameters.by_rule else {}
        return handler(RequestContext(request, identity, query), **cast(dict[str, str], values))

    def show(self, request: Request, problem: Problem) -> Response:
        """A problem as a page for people, as JSON for programs."""
        if request.path.startswith("/v1/") or not request.accept_mimetypes.accept_html:
            return problem.response()
        return self.site.problem(request, problem)
