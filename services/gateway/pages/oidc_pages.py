"""The pages of a login at the issuer: to it, back from it, the choice of a grant, and the end.

The session cookie is `SameSite=Strict`, and browsers send no such cookie along a redirection that began on another site: whoever comes back
is answered with a page that leads on, so that the next request begins here.
"""

import logging
from collections.abc import Iterable
from urllib.parse import quote, urlencode

from werkzeug.routing import Rule
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from services.gateway.dependencies import GatewayDeps
from services.gateway.grants import identity_of
from services.gateway.oidc_accounts import OidcAccounts
from services.gateway.oidc_login import BEGUN_S, PROVEN_S, Begun, LoginFlow, Proven, no_grant, not_proved
from services.gateway.pages.entry import typed
from services.gateway.pages.local_path import local_path
from services.gateway.pages.oidc_cookies import cookie, with_cookie, without_cookie
from services.gateway.pages.rendering import Pages
from services.gateway.rate_limit import Rate, RateLimit
from services.gateway.request_context import RequestContext
from services.gateway.session import Sessions, issuer_unavailable, with_session
from services.vocabulary.accounts import Account, Grant
from shared.errors import Forbidden, Unavailable
from shared.trust.oidc_client import RETURN_PATH
from shared.trust.oidc_tokens import OidcTokens
from shared.trust.tokens import Entry

log = logging.getLogger(__name__)

START, CHOICE, END = "/connexion/fournisseur", "/connexion/habilitation", "/deconnexion"
BEGUN, PROVEN = "parcours_login", "parcours_choice"
TRIES = Rate(5, 50)  # of one address: in a second, and at once


class OidcPages:
    def __init__(
        self, pages: Pages, deps: GatewayDeps, sessions: Sessions, oidc: OidcTokens, accounts: OidcAccounts, flow: LoginFlow
    ) -> None:
        self.pages = pages
        self.deps = deps
        self.sessions = sessions
        self.oidc = oidc
        self.accounts = accounts
        self.flow = flow
        self.tries = RateLimit(TRIES)

    def rules(self) -> Iterable[Rule]:
        yield Rule(START, methods=["GET"], endpoint=self.start)
        yield Rule(RETURN_PATH, methods=["GET"], endpoint=self.returned)
        yield Rule(CHOICE, methods=["POST"], endpoint=self.choose)
        yield Rule(END, methods=["GET"], endpoint=self.left)

    def start(self, context: RequestContext) -> Response:
        begun = self.flow.begin(local_path(context.query.get("suite", "/")))
        try:
            address = self.flow.address(begun, self.deps.native(self.oidc.issuer.discovered))
        except Unavailable as fault:
            log.warning("nobody can log in: %s", fault)
            raise issuer_unavailable() from fault
        return with_cookie(redirect(address, 303, Response), context.request, BEGUN, self.flow.sealed(begun), BEGUN_S)

    def returned(self, context: RequestContext) -> Response:
        """Somebody comes back: with a code of a login that this browser began, or with an error of the issuer."""
        self.tries.check(str(context.request.remote_addr))
        given = context.request.args
        begun = self.flow.returned(cookie(context.request, BEGUN), given.get("state", ""))
        if "error" in given or "code" not in given or given.get("iss", self.flow.client.issuer) != self.flow.client.issuer:
            raise not_proved()
        account, session = self.proved(begun, given["code"])
        grants = self.accounts.accounts.grants(account)
        if not grants:
            raise no_grant()
        if len(grants) == 1:
            answer = self.entered(context, account, grants[0], self.flow.proven(account.id, session, begun.then))
        else:
            proven = self.flow.proven(account.id, session, begun.then)
            answer = self.pages.page(context, "choose_grant.html", account=account, grants=grants, territories=self.deps.territories)
            with_cookie(answer, context.request, PROVEN, self.flow.sealed(proven), PROVEN_S)
        return without_cookie(answer, context.request, BEGUN)

    def proved(self, begun: Begun, code: str) -> tuple[Account, str]:
        """The account of whoever has logged in, and their session at the issuer.

        Raises:
            Problem: 403, the code or its token is not valid, or leads to no account; 503, that cannot be told now.
        """
        try:
            token = self.deps.native(self.oidc.issuer.exchange, code, self.flow.derived(begun, "verifier"))
            who = self.deps.native(self.oidc.identity, token, self.flow.derived(begun, "nonce"))
        except Forbidden as fault:
            log.warning("a login was refused: what the issuer answered is not valid")
            raise not_proved() from fault
        except Unavailable as fault:
            log.warning("nobody can log in: %s", fault)
            raise issuer_unavailable() from fault
        account = self.accounts.of_login(who)
        if account is None:
            raise no_grant()
        return account, who.session

    def choose(self, context: RequestContext) -> Response:
        proven = self.flow.opened(cookie(context.request, PROVEN), Proven)
        self.accounts.accounts.refresh()
        account = self.accounts.accounts.register.accounts.get(proven.account)
        chosen = typed(context.request).get("grant", "")
        found = [grant for grant in self.accounts.accounts.grants(account) if grant.id == chosen] if account else []
        if account is None or not found:
            raise no_grant()
        return without_cookie(self.entered(context, account, found[0], proven), context.request, PROVEN)

    def entered(self, context: RequestContext, account: Account, grant: Grant, proven: Proven) -> Response:
        token = self.sessions.opened(identity_of(account, grant), Entry(grant.id, account.stops, proven.session))
        log.info("somebody has entered: %s, %s", account.id, grant.role)
        return with_session(self.pages.page(context, "entered.html", then=proven.then), context.request, token)

    def left(self, context: RequestContext) -> Response:
        """The session is over here. At the issuer it may go on: a link ends that, too."""
        if context.identity:  # a link from anywhere leads here: it ends nothing
            return redirect("/", 303, Response)
        try:
            end = self.deps.native(self.oidc.issuer.discovered).end_session_endpoint
        except Unavailable:
            end = ""
        site = self.flow.client.redirect_uri.removesuffix(RETURN_PATH)
        asked = urlencode({"client_id": self.flow.client.id, "post_logout_redirect_uri": f"{site}/"}, quote_via=quote)
        return self.pages.page(context, "left.html", end=f"{end}?{asked}" if end else "")
