"""The whole HTTP interface, as one function from a request to a response. It knows werkzeug and no server."""

import logging
import re
from collections.abc import Callable, Iterable
from typing import cast

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from services.gateway import hints
from services.gateway.command_lines import CommandLinesApi
from services.gateway.commands_api import CommandsApi, CommandSender
from services.gateway.dependencies import GatewayDeps
from services.gateway.descriptions import Descriptions
from services.gateway.headers import with_security_headers
from services.gateway.health import Health
from services.gateway.metrics import Metrics
from services.gateway.pages.site import Site
from services.gateway.problems import Problem, Problems, not_found, unforeseen, unsupported
from services.gateway.queries_api import QueriesApi
from services.gateway.query_parameters import QueryParameters
from services.gateway.read_access import ReadAccess
from services.gateway.reporting_client import ReportingClient
from services.gateway.request_context import RequestContext
from services.gateway.session import COOKIE, SAFE_METHODS, Sessions, check_same_origin
from services.gateway.session_api import SessionApi
from services.gateway.stream import Stream
from services.gateway.survey_tickets import SurveyTicketsApi
from shared.errors import Fault

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 64 * 1024  # of a request whose handler names no other limit
KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
UTF_8 = frozenset({"utf-8", "utf8", "us-ascii"})
UNREADABLE = re.compile("[\x00-\x1f\x7f\ufffd]")  # in an address: control characters, and what was no UTF-8
Handler = Callable[..., Response]


class HttpApp:
    """`respond` routes a request to its handler. Handlers raise faults and problems; they become problems here and nowhere else."""

    def __init__(self, deps: GatewayDeps) -> None:
        self.metrics = Metrics()
        self.parameters = QueryParameters(deps.territories, [*deps.events, hints.KIND])
        self.problems = Problems(deps.catalogue)
        self.access = ReadAccess(deps.permissions)
        self.sessions = Sessions(deps.sessions_signer, development_login=deps.development_login)
        self.reporting = ReportingClient(deps.call, deps.feed.reached)
        self.sender = CommandSender(deps, self.metrics)
        self.stream = Stream(deps.feed, self.access, self.metrics, deps.territories)
        queries = QueriesApi(deps, self.access, self.reporting)
        self.site = Site(deps, queries, self.sender, self.sessions, self.problems)
        parts = (
            CommandsApi(self.sender),
            CommandLinesApi(self.sender, self.problems),
            SessionApi(self.sessions),
            SurveyTicketsApi(deps, self.sender),
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
        request.max_content_length = MAX_BODY_BYTES
        try:
            rule, values = self.map.bind_to_environ(request.environ).match(return_rule=True)
            route = rule.rule
            check_readable(request, values.values())
            response = self.handle(request, route, cast(Handler, rule.endpoint), values)
        except Problem as problem:
            response = self.show(request, problem)
        except MethodNotAllowed as fault:
            response = options(fault) if request.method == "OPTIONS" else self.show(request, self.problems.of(fault))
        except (Fault, HTTPException) as fault:
            response = self.show(request, self.problems.of(fault, reading=request.method in SAFE_METHODS))
        except Exception:
            log.exception("%s %s failed", request.method, route)
            response = self.show(request, unforeseen())
        method = request.method if request.method in KNOWN_METHODS else "?"
        self.metrics.count("http_requests_total", method=method, route=route, status=str(response.status_code))
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


def check_readable(request: Request, values: Iterable[object]) -> None:
    """Refuse what would have to be guessed: an address or a body in an unknown encoding.

    Raises:
        Problem: 404 or 415.
    """
    if any(UNREADABLE.search(str(value)) for value in values):
        raise not_found("Cette adresse contient un caractère qui n’est pas d’un texte.")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise unsupported("Le corps d’une demande se donne sans compression.")
    if request.mimetype_params.get("charset", "utf-8").lower() not in UTF_8:
        raise unsupported("Le corps d’une demande est en UTF-8.")


def options(fault: MethodNotAllowed) -> Response:
    """The methods of an address."""
    return Response(status=204, headers={"Allow": ", ".join(sorted({*(fault.valid_methods or ()), "OPTIONS"}))})
