"""The whole HTTP interface, as one function from a request to a response. It knows werkzeug and no server."""

import logging
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, cast

from structlog.contextvars import bind_contextvars, clear_contextvars
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from services.gateway import hints
from services.gateway.accounts_api import AccountsApi
from services.gateway.backchannel_logout import BackchannelLogout
from services.gateway.changes_api import ChangesApi
from services.gateway.command_lines import LINES, CommandLinesApi
from services.gateway.commands_api import WEBHOOKS, CommandsApi, CommandSender
from services.gateway.compression import compress
from services.gateway.conditional import conditional
from services.gateway.cross_origin import CrossOrigin
from services.gateway.current_accounts import CurrentAccounts
from services.gateway.definitions_api import DefinitionsApi
from services.gateway.dependencies import GatewayDeps
from services.gateway.descriptions import Descriptions
from services.gateway.event_schemas import EventSchemasApi
from services.gateway.figures_feed import FiguresFeed
from services.gateway.forwarding import Proxies
from services.gateway.headers import with_security_headers
from services.gateway.health import Health
from services.gateway.labels import names_of
from services.gateway.lists import parameters_of_lists
from services.gateway.lists_api import ListsApi
from services.gateway.oidc_parts import oidc_parts
from services.gateway.operations_api import OperationsApi, parameters_of_operations
from services.gateway.pages.site import Site
from services.gateway.people_api import PeopleApi
from services.gateway.people_search_api import PeopleSearchApi
from services.gateway.personal_data import PersonalData
from services.gateway.problems import Problem, Problems, not_found, unavailable, unforeseen, unsupported
from services.gateway.programme_api import ProgrammeApi
from services.gateway.queries_api import QueriesApi
from services.gateway.query_parameters import QueryParameters
from services.gateway.rate_limit import RateLimit
from services.gateway.read_access import ReadAccess
from services.gateway.reporting_client import ReportingClient
from services.gateway.request_context import RequestContext
from services.gateway.session import SAFE_METHODS, EndedSessions, Sessions, check_same_origin, cookie_of
from services.gateway.session_api import SessionApi
from services.gateway.stream import STREAM, Stream, come_back, follows
from services.gateway.stream_tickets import StreamTickets
from services.gateway.stream_tickets_api import StreamTicketsApi
from services.gateway.survey_tickets import SurveyTicketsApi
from services.gateway.timeline_api import TimelineApi
from services.gateway.webhooks_api import WebhookAnswers, WebhooksApi
from shared.errors import Fault
from shared.metrics import HTTP_REQUESTS
from shared.trust.access import Identity
from shared.trust.oidc_client import RETURN_PATH

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 64 * 1024  # of a request whose handler names no other limit
KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
UTF_8 = frozenset({"utf-8", "utf8", "us-ascii"})
UNREADABLE = re.compile("[\x00-\x1f\x7f\ufffd]")  # in an address: control characters, and what was no UTF-8
ANSWER_WITHIN_S = 9.0  # a client that waits for ten seconds gets to read why there is no other answer
UNLIMITED = frozenset({"/healthz", "/readyz", "/metrics"})  # what watches over the process is answered in any case
TRACEPARENT = re.compile("(?P<version>(?!ff)[0-9a-f]{2})-(?P<trace>(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2})(?P<more>-.*)?")
Handler = Callable[..., Response]


class Part(Protocol):
    """Answers requests to the addresses of its rules."""

    def rules(self) -> Iterable[Rule]: ...


class HttpApp:
    """`respond` routes a request to its handler. Handlers raise faults and problems; they become problems here and nowhere else."""

    def __init__(self, deps: GatewayDeps) -> None:
        self.deadline = deps.deadline
        self.limit = RateLimit(deps.rate_limit) if deps.rate_limit else None
        more = parameters_of_lists(deps.territories) | parameters_of_operations(deps.services, deps.events)
        self.parameters = QueryParameters(deps.territories, deps.groupings, [*deps.events, hints.KIND], more)
        self.problems = Problems(deps.catalogue, names_of(deps.services.values()) | dict(deps.territories))
        self.access = ReadAccess(deps.permissions, deps.members)
        login = deps.development_login and not deps.trusted_proxies
        self.accounts = CurrentAccounts(deps.accounts, deps.native, deps.clock, open_to_others=login)
        self.ended = EndedSessions(deps.records, self.accounts, deps.native, deps.clock)
        self.sender = CommandSender(deps)
        self.oidc = oidc_parts(deps, self.accounts, self.sender)
        self.sessions = Sessions(deps.sessions_signer, self.ended, self.oidc.access if self.oidc else None, development_login=login)
        self.reporting = ReportingClient(deps.call, deps.feed.reached)
        self.tickets = StreamTickets(deps.sessions_signer.key, deps.clock, self.sessions.is_over)
        self.stream = Stream(deps.feed, self.access, deps.territories, self.tickets, self.sessions, FiguresFeed(self.reporting))
        self.cross_origin = CrossOrigin(deps.origins)
        self.proxies = Proxies(deps.trusted_proxies, deps.proxy_headers) if deps.trusted_proxies else None
        rules = [Rule(STREAM, methods=["GET"], endpoint=self.stream.open), *(rule for part in self.parts(deps) for rule in part.rules())]
        self.map = Map(rules, strict_slashes=False, merge_slashes=False)

    def parts(self, deps: GatewayDeps) -> Iterable[Part]:
        """Everything that answers requests, but the stream."""
        queries, lists = QueriesApi(deps, self.access, self.reporting), ListsApi(deps, self.access, self.reporting)
        changes, personal = ChangesApi(deps, queries), PersonalData(deps, self.access)
        accounts = AccountsApi(deps, self.access, self.accounts)
        self.site = Site(deps, queries, changes, self.sender, self.sessions, self.problems, personal, accounts, self.oidc)
        return (
            CommandsApi(self.sender, {WEBHOOKS: WebhookAnswers(deps, self.access).told}),
            WebhooksApi(deps, self.access),
            CommandLinesApi(self.sender, self.problems),
            SessionApi(self.sessions),
            accounts,
            BackchannelLogout(deps, deps.oidc, self.oidc.flow if self.oidc else None, self.ended),
            StreamTicketsApi(self.tickets, self.access, self.sessions),
            SurveyTicketsApi(deps, self.sender),
            queries,
            ProgrammeApi(deps, self.access),
            DefinitionsApi(queries),
            changes,
            TimelineApi(deps, self.access, self.reporting, personal),
            lists,
            OperationsApi(deps, self.access, self.reporting),
            PeopleApi(deps, self.access, self.reporting, self.problems),
            PeopleSearchApi(deps, self.access, self.reporting, lists, personal),
            Health(deps, self.ended),
            Descriptions(deps, self.parameters),
            EventSchemasApi(deps.services),
            self.site,
        )

    def respond(self, request: Request) -> Response:
        """Answer a request. Never raises: a failure is answered as a problem, and an unforeseen one is logged too."""
        clear_contextvars()  # a connection, and its green thread, may have had a request before
        bind_contextvars(traceparent=traceparent_of(request))
        route = "?"
        request = self.proxies.seen_through(request) if self.proxies else request
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
            if request.method == "OPTIONS" and request.environ.get("RAW_PATH_INFO") == "*":  # of the server as a whole
                return self.finish(request, options(MethodNotAllowed(["GET", "HEAD", "POST"])))
            response = self.show(request, self.problems.of(fault, reading=request.method in SAFE_METHODS))
        except Exception:
            log.exception("%s %s failed", request.method, route)
            response = self.show(request, unforeseen())
        method = request.method if request.method in KNOWN_METHODS else "?"
        HTTP_REQUESTS.labels(method, route, response.status_code).inc()
        return self.finish(request, conditional(request, response))

    def stopping(self, request: Request) -> Response:
        """The answer to a request that comes while the process stops: nothing of it was done."""
        request = self.proxies.seen_through(request) if self.proxies else request
        return self.finish(request, self.show(request, unavailable(reading=True)))

    def finish(self, request: Request, response: Response) -> Response:
        compress(request, response)
        self.cross_origin.allow(request, response)
        return with_security_headers(request, response)

    def handle(self, request: Request, rule: str, handler: Handler, values: object) -> Response:
        if "Authorization" not in request.headers and (cookie_of(request) or not request.path.startswith("/v1/")):
            check_same_origin(request)
        try:
            identity, refusal = self.sessions.identify(request), None
        except Problem as problem:  # counted too: whoever tries tokens has no more requests than others
            identity, refusal = None, problem
        told = {} if self.limit is None or rule in UNLIMITED else self.limit.check(client_of(identity, request))
        if refusal:
            raise refusal
        asked = rule != RETURN_PATH and (request.args or rule in self.parameters.by_rule)
        query = self.parameters.read(rule, request.args) if asked else {}
        response = self.answer(rule, handler, RequestContext(request, identity, query), cast(dict[str, str], values))
        response.headers.update(told)
        return response

    def answer(self, rule: str, handler: Handler, context: RequestContext, values: Mapping[str, str]) -> Response:
        """In time, whatever is away. Lines are answered one by one, for as long as they come."""
        if rule == LINES:
            return handler(context, **values)
        if (context.request.content_length or MAX_BODY_BYTES) < MAX_BODY_BYTES:
            context.request.get_data()  # the time of a slow sender is not that of the answer
        with self.deadline(ANSWER_WITHIN_S):
            return handler(context, **values)

    def show(self, request: Request, problem: Problem) -> Response:
        """A problem as a page for people, as JSON for programs. A client of server-sent events would take one that passes for the end."""
        if problem.status == 503 and follows(request):
            return come_back()
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
    if request.path != LINES and request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise unsupported("Le corps d’une demande se donne sans compression.")
    if request.mimetype_params.get("charset", "utf-8").lower() not in UTF_8:
        raise unsupported("Le corps d’une demande est en UTF-8.")


def traceparent_of(request: Request) -> str:
    """The trace that a request belongs to (W3C Trace Context); a new one if it names none, or one that is not valid."""
    found = TRACEPARENT.fullmatch(request.headers.get("traceparent", ""))
    if found and not (found["version"] == "00" and found["more"]):  # a later version may have more parts, which mean nothing here
        return f"00-{found['trace']}"
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-00"


def client_of(identity: Identity | None, request: Request) -> str:
    """Whose requests are counted together."""
    return f"{identity.actor.role} {identity.actor.organisation} {identity.actor.id}" if identity else str(request.remote_addr)


def options(fault: MethodNotAllowed) -> Response:
    """The methods of an address."""
    return Response(status=204, headers={"Allow": ", ".join(sorted({*(fault.valid_methods or ()), "OPTIONS"}))})
