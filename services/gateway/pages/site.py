"""The HTML pages: home and login, and the parts that have pages of their own."""

from collections.abc import Iterable
from hashlib import sha256
from urllib.parse import quote

from werkzeug.routing import Rule
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from services.gateway.accounts_api import ACTION as READ_ACCOUNTS
from services.gateway.accounts_api import AccountsApi
from services.gateway.changes_api import ChangesApi
from services.gateway.commands_api import CommandSender
from services.gateway.dependencies import GatewayDeps
from services.gateway.labels import labels_of
from services.gateway.login import LOGIN_ROLES, read_login
from services.gateway.oidc_parts import OidcParts
from services.gateway.pages.accounts import AccountPages
from services.gateway.pages.changes import ChangesPages
from services.gateway.pages.committee import CommitteePages
from services.gateway.pages.entry import EntryPages, Given, typed
from services.gateway.pages.form_choices import FormChoices
from services.gateway.pages.form_data import items_of
from services.gateway.pages.journey import JourneyPages
from services.gateway.pages.local_path import local_path
from services.gateway.pages.login_link import LoginLinkPages
from services.gateway.pages.oidc_pages import END, START, OidcPages
from services.gateway.pages.openable import Openable
from services.gateway.pages.rendering import HERE, Pages
from services.gateway.pages.set_aside import APPROVE, SetAsidePages
from services.gateway.pages.tasks import TaskPages
from services.gateway.personal_data import PersonalData
from services.gateway.problems import Problem, Problems, invalid, not_found
from services.gateway.queries_api import QueriesApi
from services.gateway.request_context import RequestContext
from services.gateway.session import Sessions, is_local, with_session, without_session
from services.vocabulary.programme import PROGRAMME
from shared.errors import Fault, Invalid

STATIC = {"parcours.css": "text/css", "parcours.js": "text/javascript", "parcours.svg": "image/svg+xml"}


class Site:
    def __init__(
        self,
        deps: GatewayDeps,
        queries: QueriesApi,
        changes: ChangesApi,
        sender: CommandSender,
        sessions: Sessions,
        problems: Problems,
        personal: PersonalData,
        accounts: AccountsApi,
        oidc: OidcParts | None,
    ) -> None:
        self.deps = deps
        self.queries = queries
        self.sessions = sessions
        recorders = [role for role, action in deps.permissions.table if action == "HoldInterview"]
        self.pages = Pages(deps.programme, recorders, labels_of(deps.services.values()))
        self.files = {name: (HERE / name).read_bytes() for name in STATIC}
        choices = FormChoices(self.pages, queries.access, queries.reports, deps)
        openable = Openable(queries.access, queries.reports, deps)
        committee = CommitteePages(self.pages, queries, openable)
        self.parts = (
            committee,
            ChangesPages(self.pages, changes, committee),
            JourneyPages(self.pages, queries.access, queries.reports, deps, choices, openable, personal),
            EntryPages(self.pages, deps, sender, problems, choices),
            TaskPages(self.pages, queries.access, queries.reports, deps, sender, problems, openable),
            SetAsidePages(self.pages, deps, sender, problems),
            LoginLinkPages(self.pages, deps, sessions),
            AccountPages(self.pages, deps, accounts, sender, problems),
        )
        self.oidc = OidcPages(self.pages, deps, sessions, oidc.tokens, oidc.accounts, oidc.flow) if oidc else None
        self.after_leaving = END if oidc else "/"
        self.issuer_login = START if oidc else ""

    def rules(self) -> Iterable[Rule]:
        yield Rule("/", methods=["GET"], endpoint=self.home)
        yield Rule("/connexion", methods=["GET"], endpoint=self.show_login)
        yield Rule("/connexion", methods=["POST"], endpoint=self.open_session)
        yield Rule("/deconnexion", methods=["POST"], endpoint=self.close_session)
        yield Rule("/page/<name>", methods=["GET"], endpoint=self.static_file)
        for part in self.parts:
            yield from part.rules()
        if self.oidc:
            yield from self.oidc.rules()

    def home(self, context: RequestContext) -> Response:
        """The programme, its territories, its quarters; figures only for those who may read them."""
        seen, quarters, model, facts = [], [], None, False
        places = {**self.deps.territories, **self.deps.groupings}
        may_read = bool(context.identity and self.deps.permissions.scope(context.identity.actor.role, "read_indicators"))
        if context.identity and may_read:
            audience = self.queries.fresh_for(context, PROGRAMME)
            facts = bool(self.queries.reports.quarters())
            quarters = self.queries.readable_quarters(audience)
            model = self.queries.reports.committee(PROGRAMME, quarters[-1], audience) if quarters else None
            seen = [each for each in places if self.queries.access.may(context.identity, "read_indicators", each)]
        actions = {"may_approve": APPROVE, "may_record": "HoldInterview", "may_read_accounts": READ_ACCOUNTS}
        role = context.identity.actor.role if context.identity else ""
        may = {name: self.deps.permissions.scope(role, action) is not None for name, action in actions.items()}
        figures = {"seen": seen, "quarters": quarters, "model": model, "facts": facts, "places": places}
        return self.pages.page(context, "home.html", 200, may_read=may_read, **may, **figures)

    def show_login(self, context: RequestContext) -> Response:
        return self.login_page(context, context.query.get("suite", "/"))

    def login_page(self, context: RequestContext, then: str, problem: Problem | None = None, given: Given | None = None) -> Response:
        """The login. After a problem, what was `given` is kept, with each fault under its field."""
        faults: dict[str, list[str]] = problem.more.get("faults", {}) if problem else {}
        open_here = self.sessions.development_login and is_local(context.request)
        status = problem.status if problem else 200
        return self.pages.page(
            context,
            "connexion.html",
            status,
            choices=LOGIN_ROLES,
            territories=self.deps.territories,
            then=local_path(then),
            open_here=open_here,
            issuer_login=self.issuer_login,
            problem=problem,
            given=given or {},
            chosen=items_of((given or {}).get("territories", "")),
            faults={path.partition(".")[0]: texts for path, texts in faults.items()},
        )

    def open_session(self, context: RequestContext) -> Response:
        form, given = context.request.form, typed(context.request)
        then = local_path(given.get("suite", "/"))
        fields = {name: given[name] for name in ("actor", "role", "organisation") if given.get(name)}
        try:
            token = self.sessions.open(context.request, read_login(fields | {"territories": form.getlist("territories")}))
        except Invalid as fault:
            return self.login_page(context, then, invalid(fault.faults), given)
        return with_session(redirect(then, 303, Response), context.request, token)

    def close_session(self, context: RequestContext) -> Response:
        answer = without_session(redirect(self.after_leaving, 303, Response), context.request)
        try:
            self.sessions.close(context.request)
        except Problem as problem:
            problem.headers["Set-Cookie"] = answer.headers["Set-Cookie"]  # in this browser it is over in any case
            raise
        return answer

    def static_file(self, context: RequestContext, name: str) -> Response:
        if name not in self.files:
            raise not_found("Ce fichier n’existe pas.")
        response = Response(self.files[name], content_type=f"{STATIC[name]}; charset=utf-8", headers={"Cache-Control": "no-cache"})
        response.set_etag(sha256(self.files[name]).hexdigest()[:16])
        return response.make_conditional(context.request)

    def problem(self, request: Request, problem: Problem) -> Response:
        """The page of a problem. Without a session, a redirection to the login."""
        if problem.status == 401 and request.method == "GET":
            return redirect(f"/connexion?suite={quote(request.full_path.rstrip('?'))}", 303, Response)
        try:
            identity = self.sessions.identify(request)
        except (Fault, Problem):
            identity = None
        response = self.pages.page(RequestContext(request, identity), "problem.html", problem.status, problem=problem)
        response.headers.extend(problem.headers)
        return response
