"""The page of a login link: a button, so that nothing that merely looks at the link uses it up."""

import logging
from collections.abc import Iterable

from werkzeug.routing import Rule
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from services.gateway.dependencies import GatewayDeps
from services.gateway.login_links import PATH, LoginLinks, Opens, not_valid
from services.gateway.pages.entry import typed
from services.gateway.pages.rendering import Pages
from services.gateway.problems import Problem
from services.gateway.rate_limit import Rate, RateLimit
from services.gateway.request_context import RequestContext
from services.gateway.session import Sessions, sessions_unknown, with_session
from shared.errors import Unavailable

log = logging.getLogger(__name__)

TRIES = Rate(1, 10)  # of one address: in a second, and at once


class LoginLinkPages:
    def __init__(self, pages: Pages, deps: GatewayDeps, sessions: Sessions) -> None:
        self.pages = pages
        self.deps = deps
        self.sessions = sessions
        self.links = LoginLinks(deps.sessions_signer.key, deps.clock)
        self.tries = RateLimit(TRIES)

    def rules(self) -> Iterable[Rule]:
        yield Rule(PATH, methods=["GET"], endpoint=self.page)
        yield Rule(PATH, methods=["POST"], endpoint=self.redeem)

    def page(self, context: RequestContext, problem: Problem | None = None) -> Response:
        return self.pages.page(context, "login_link.html", problem.status if problem else 200, problem=problem)

    def redeem(self, context: RequestContext) -> Response:
        self.tries.check(str(context.request.remote_addr))
        secret = typed(context.request).get("secret", "")
        try:
            opens = self.links.redeem(secret, lambda link, now: self.deps.native(self.deps.records.redeem_link, link, now))
            token = self.session(opens)
        except Problem as problem:
            return self.page(context, problem)
        log.warning("a login link opened a session: %s, %s", opens.identity.actor.id, opens.identity.actor.role)
        return with_session(redirect("/", 303, Response), context.request, token)

    def session(self, opens: Opens) -> str:
        """The session that a link opens. The grant may have been given a moment ago: the accounts are read first.

        Raises:
            Problem: 403, the grant lets nobody in any more; 503, the accounts cannot be read.
        """
        accounts = self.sessions.ended.accounts
        try:
            accounts.refresh()
        except Unavailable as fault:
            raise sessions_unknown() from fault
        entry = accounts.entry(opens.identity, opens.grant)
        if entry is None:
            raise not_valid()
        return self.sessions.opened(opens.identity, entry)
