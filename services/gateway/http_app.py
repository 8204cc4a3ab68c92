"""All of the HTTP, as one function from a request to a response."""

import logging
from collections.abc import Callable
from typing import cast

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from services.gateway.commands import Commands
from services.gateway.commands_api import CommandsApi
from services.gateway.dependencies import GatewayDeps
from services.gateway.descriptions import Descriptions
from services.gateway.headers import guarded
from services.gateway.health import Health
from services.gateway.metrics import Metrics
from services.gateway.pages.site import Site
from services.gateway.problems import Problem, problem_of, unforeseen
from services.gateway.queries_api import QueriesApi
from services.gateway.read_access import ReadAccess
from services.gateway.reporting_client import ReportingClient
from services.gateway.request_context import RequestContext
from services.gateway.session import COOKIE, Sessions, same_origin
from services.gateway.stream import Stream
from shared.errors import Fault

log = logging.getLogger(__name__)
Handler = Callable[..., Response]


class HttpApp:
    def __init__(self, outside: GatewayDeps) -> None:
        self.metrics = Metrics()
        self.access = ReadAccess(outside.permissions)
        self.sessions = Sessions(outside.sessions, development_login=outside.development_login)
        self.reports = ReportingClient(outside.call)
        self.commands = Commands(outside, self.metrics)
        self.stream = Stream(outside.feed, self.access, self.metrics)
        readings = QueriesApi(outside, self.access, self.reports)
        self.site = Site(outside, readings, self.commands, self.sessions)
        rooms = (CommandsApi(self.commands, self.sessions), readings, Health(outside, self.metrics), Descriptions(outside), self.site)
        rules = [Rule("/v1/stream", methods=["GET"], endpoint=self.stream.open), *(rule for room in rooms for rule in room.rules())]
        self.map = Map(rules, strict_slashes=False, merge_slashes=False)

    def respond(self, request: Request) -> Response:
        """Never raises: what goes wrong is a problem, and what nobody foresaw is a problem too, and logged."""
        route = "?"
        try:
            rule, values = self.map.bind_to_environ(request.environ).match(return_rule=True)
            route = rule.rule
            response = self.handled(request, cast(Handler, rule.endpoint), values)
        except Problem as problem:
            response = self.said(request, problem)
        except (Fault, HTTPException) as fault:
            response = self.said(request, problem_of(fault))
        except Exception:
            log.exception("%s %s failed", request.method, route)
            response = self.said(request, unforeseen())
        self.metrics.count("http_requests_total", method=request.method, route=route, status=str(response.status_code))
        return guarded(response)

    def handled(self, request: Request, handler: Handler, values: object) -> Response:
        if "Authorization" not in request.headers and (COOKIE in request.cookies or not request.path.startswith("/v1/")):
            same_origin(request)
        visit = RequestContext(request, self.sessions.identify(request))
        return handler(visit, **cast(dict[str, str], values))

    def said(self, request: Request, problem: Problem) -> Response:
        """A problem, as a page for people and as JSON for programs."""
        if request.path.startswith("/v1/") or not request.accept_mimetypes.accept_html:
            return problem.response()
        return self.site.problem(request, problem)
