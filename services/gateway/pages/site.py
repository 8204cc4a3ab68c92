"""The pages of the gateway: the front door, the session, and every other room of them."""

from collections.abc import Iterable
from hashlib import sha256
from urllib.parse import quote

from werkzeug.routing import Rule
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from services.gateway.commands import Commands
from services.gateway.dependencies import GatewayDeps
from services.gateway.pages.committee import CommitteePages
from services.gateway.pages.entry import EntryPages
from services.gateway.pages.journey import JourneyPages
from services.gateway.pages.rendering import HERE, Pages
from services.gateway.problems import Problem, not_found
from services.gateway.queries_api import QueriesApi
from services.gateway.read_access import PROGRAMME
from services.gateway.request_context import RequestContext
from services.gateway.session import ROLES, Sessions, local, read_login, with_session, without_session
from shared.errors import Fault, Invalid

STATIC = {"parcours.css": "text/css", "parcours.js": "text/javascript", "parcours.svg": "image/svg+xml"}


class Site:
    def __init__(self, outside: GatewayDeps, readings: QueriesApi, commands: Commands, sessions: Sessions) -> None:
        self.outside = outside
        self.readings = readings
        self.sessions = sessions
        self.pages = Pages(outside.programme, [role for role, action in outside.permissions.table if action == "HoldInterview"])
        self.files = {name: (HERE / name).read_bytes() for name in STATIC}
        self.rooms = (
            CommitteePages(self.pages, readings, outside.territories),
            JourneyPages(self.pages, readings.access, readings.reports, outside.feed),
            EntryPages(self.pages, outside, commands),
        )

    def rules(self) -> Iterable[Rule]:
        yield Rule("/", methods=["GET"], endpoint=self.home)
        yield Rule("/connexion", methods=["GET"], endpoint=self.ask_session)
        yield Rule("/connexion", methods=["POST"], endpoint=self.open_session)
        yield Rule("/deconnexion", methods=["POST"], endpoint=self.close_session)
        yield Rule("/page/<name>", methods=["GET"], endpoint=self.file)
        for room in self.rooms:
            yield from room.rules()

    def home(self, visit: RequestContext) -> Response:
        """The programme, its territories, its quarters. The figures come only to who may read them."""
        seen, quarters, model = [], [], None
        if visit.identity and self.readings.access.permissions.scope(visit.identity.actor.role, "read_indicators"):
            self.readings.reports.wait_for_client(visit)
            quarters = self.readings.reports.quarters()
            model = self.readings.reports.committee(PROGRAMME, quarters[-1]) if quarters else None
            seen = [each for each in self.outside.territories if self.readings.access.may(visit.identity, "read_indicators", each)]
        may_record = bool(visit.identity and self.outside.permissions.scope(visit.identity.actor.role, "HoldInterview"))
        return self.pages.page(
            visit, "home.html", territories=self.outside.territories, seen=seen, quarters=quarters, model=model, may_record=may_record
        )

    def ask_session(self, visit: RequestContext) -> Response:
        return self.connexion(visit, visit.request.args.get("suite", "/"))

    def connexion(self, visit: RequestContext, then: str, problem: Problem | None = None) -> Response:
        open_here = self.sessions.development_login and local(visit.request)
        status = problem.status if problem else 200
        return self.pages.page(
            visit,
            "connexion.html",
            status,
            choices=ROLES,
            territories=self.outside.territories,
            then=inside(then),
            open_here=open_here,
            problem=problem,
        )

    def open_session(self, visit: RequestContext) -> Response:
        form = visit.request.form
        then = inside(form.get("suite", "/"))
        said = {name: form[name] for name in ("actor", "role", "organisation") if form.get(name)}
        try:
            token = self.sessions.open(visit.request, read_login(said | {"territories": form.getlist("territories")}))
        except Invalid as fault:
            return self.connexion(visit, then, Problem(422, "invalid", "Certains champs sont à reprendre", str(fault)))
        return with_session(redirect(then, 303, Response), visit.request, token)

    def close_session(self, visit: RequestContext) -> Response:
        return without_session(redirect("/", 303, Response))

    def file(self, visit: RequestContext, name: str) -> Response:
        if name not in self.files:
            raise not_found("Ce fichier n’existe pas.")
        response = Response(self.files[name], content_type=f"{STATIC[name]}; charset=utf-8", headers={"Cache-Control": "no-cache"})
        response.set_etag(sha256(self.files[name]).hexdigest()[:16])
        return response.make_conditional(visit.request)

    def problem(self, request: Request, problem: Problem) -> Response:
        """What a person reads when something is not possible. Without a session, the page that opens one."""
        if problem.status == 401 and request.method == "GET":
            return redirect(f"/connexion?suite={quote(request.full_path.rstrip('?'))}", 303, Response)
        try:
            identity = self.sessions.identify(request)
        except (Fault, Problem):
            identity = None
        response = self.pages.page(RequestContext(request, identity), "problem.html", problem.status, problem=problem)
        response.headers.extend(problem.headers)
        return response


def inside(address: str) -> str:
    """An address of this site, and of no other."""
    plain = all("!" <= letter <= "~" for letter in address)  # browsers drop a tab or a line break, and read what is left
    return address if plain and address[:1] == "/" and address[1:2] not in {"/", "\\"} else "/"
