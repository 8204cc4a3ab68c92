"""`POST /v1/backchannel-logout`: the issuer says that a session there has ended, and those here end too (Back-Channel Logout)."""

from collections.abc import Iterable

from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from services.gateway.dependencies import GatewayDeps
from services.gateway.oidc_login import LoginFlow
from services.gateway.problems import Problem, not_found
from services.gateway.request_context import RequestContext
from services.gateway.session import SESSION_LIFETIME, EndedSessions, issuer_unavailable
from shared.errors import Forbidden, Unavailable
from shared.trust.oidc_tokens import OidcTokens


class BackchannelLogout:
    """The token is the proof of who asks, so that no session is needed. Nobody's is checked twice: to end a session again ends nothing."""

    def __init__(self, deps: GatewayDeps, oidc: OidcTokens | None, flow: LoginFlow | None, ended: EndedSessions) -> None:
        self.deps = deps
        self.oidc = oidc
        self.flow = flow
        self.ended = ended

    def rules(self) -> Iterable[Rule]:
        yield Rule("/v1/backchannel-logout", methods=["POST"], endpoint=self.end)

    def end(self, context: RequestContext) -> Response:
        if self.oidc is None or self.flow is None:
            raise not_found("Aucun fournisseur d’identité n’est branché ici.")
        try:
            session = self.deps.native(self.oidc.logout, context.request.form.get("logout_token", ""))
        except Forbidden as fault:
            raise Problem(400, "logout_token_not_valid", "Ce jeton ne clôt aucune session") from fault
        except Unavailable as fault:
            raise issuer_unavailable() from fault
        try:
            self.ended.end_named(self.flow.session(session), (self.deps.clock() + SESSION_LIFETIME).timestamp())
        except Unavailable as fault:
            raise Problem(503, "session_not_ended", "La session n’est pas encore close partout") from fault
        return Response(status=200)
