"""Sessions: a signed token, in a cookie for browsers and in the Authorization header for programs.

A session ends when its token expires, or before that when its visitor leaves, or when the grant with which it was opened is withdrawn.
Every gateway knows which sessions have ended and which grants there are: it reads the records that all of them share, and the accounts in
the log, each REFRESH_S. One that could not for MAX_AGE_S lets nobody in: it answers 503, and never takes an ended session for an open one
because the records or the log are away (ADR 52, ADR 75).

The login here is for development: the visitor chooses a role. It answers only where it is asked for, to a direct connection from the
loopback address, under a loopback name. Once a request shows that there is a proxy in front, it answers no more: a proxy may well say
nothing of itself the next time. Elsewhere a link opens a session (`services.gateway.login_links`).
"""

import logging
import time
from datetime import timedelta
from urllib.parse import urlsplit

from werkzeug.wrappers import Request, Response

from services.gateway.access_tokens import AccessTokens
from services.gateway.client_address import FORWARDING, LOOPBACK_NETWORKS, from_networks
from services.gateway.current_accounts import CurrentAccounts
from services.gateway.dependencies import NativeCall
from services.gateway.login import Login, identity_of
from services.gateway.problems import RETRY_AFTER_S, Problem, unauthenticated
from shared.errors import Forbidden, Unavailable
from shared.store.gateway_records import GatewayRecords
from shared.time import Clock
from shared.trust.access import Identity
from shared.trust.tokens import Entry, Signer, Token

log = logging.getLogger(__name__)

COOKIE = "parcours_session"
HOST_COOKIE = f"__Host-{COOKIE}"  # over TLS: no other site under the same domain can set it
SESSION_LIFETIME = timedelta(hours=10)  # a working day
REFRESH_S = 1.0  # between two looks at the sessions that ended
FORGET_INTERVAL_S = 3_600.0  # between two deletions of what expired
FORGET_LATER_S = 86_400  # the clocks of gateways differ a little
MAX_AGE_S = 30.0  # of what is known of them; then nobody is let in
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})


class EndedSessions:
    """The sessions that ended before they expired, in every gateway, as this one knows them: their visitor left, or lost the grant."""

    def __init__(self, records: GatewayRecords, accounts: CurrentAccounts, native: NativeCall, clock: Clock) -> None:
        self.records = records
        self.accounts = accounts
        self.native = native
        self.clock = clock
        self.known: dict[str, int] = {}
        self.own: dict[str, int] = {}  # those that ended here
        self.unrecorded: dict[str, int] = {}
        self.read_at = -MAX_AGE_S  # of `time.monotonic`
        self.forgot_at = -FORGET_INTERVAL_S

    def fresh(self) -> bool:
        return time.monotonic() - self.read_at < MAX_AGE_S

    def has(self, session: Token) -> bool:
        ids = {session.id} | ({session.entry.session} if session.entry else set())
        return bool(ids & (self.known.keys() | self.own.keys())) or not self.accounts.lets_in(session)

    def end(self, token: Token) -> None:
        """Note that a session has ended: here at once, and everywhere once it is recorded.

        Raises:
            Unavailable: it could not be recorded. `refresh` tries again.
        """
        self.end_named(token.id, token.expires)

    def end_named(self, id: str, expires: float) -> None:
        """The same for a session, or for all that a session at the issuer led to, by its name here.

        Raises:
            Unavailable: as `end`.
        """
        self.own[id] = self.unrecorded[id] = round(expires)
        self.record()

    def record(self) -> None:
        for id, expires_at in list(self.unrecorded.items()):
            self.native(self.records.end_session, id, expires_at)
            self.unrecorded.pop(id, None)

    def refresh(self) -> None:
        """Record what is not recorded yet, and read what the others recorded, and the accounts. From time to time, delete what expired.

        Raises:
            Unavailable: the records or the log cannot be reached.
        """
        asked_at, now = time.monotonic(), int(self.clock().timestamp())
        self.own = {id: expires_at for id, expires_at in self.own.items() if expires_at > now}
        self.record()
        self.known = self.native(self.records.ended_sessions, now)
        self.accounts.refresh()
        self.read_at = asked_at
        if asked_at - self.forgot_at >= FORGET_INTERVAL_S:
            self.native(self.records.forget, now - FORGET_LATER_S)
            self.forgot_at = asked_at

    def try_accounts(self) -> None:
        """Read the accounts before their time: what is not known yet lets nobody in."""
        try:
            self.accounts.refresh()
        except Unavailable as fault:
            log.warning("the accounts cannot be read: %s", fault)

    def try_refresh(self) -> None:
        """Refresh, unless the records are away: nobody is let in once what is known is too old."""
        try:
            self.refresh()
        except Unavailable as fault:
            log.warning("which sessions have ended, or which accounts there are, is not known: %s", fault)


class Sessions:
    """`access_tokens` reads those of the issuer, where there is one."""

    def __init__(self, signer: Signer, ended: EndedSessions, access_tokens: AccessTokens | None = None, *, development_login: bool) -> None:
        self.signer = signer
        self.ended = ended
        self.access_tokens = access_tokens
        self.development_login = development_login

    def identify(self, request: Request) -> Identity | None:
        """The identity of a request. An invalid cookie, or one of a session that has ended, counts as none.

        Raises:
            Problem: an invalid bearer token, or one of a session that has ended (401); which sessions have ended is not known (503).
        """
        if self.development_login and not FORWARDING.isdisjoint(request.headers.keys()):
            log.warning("there is a proxy in front of this service: the development login is closed until the next start")
            self.development_login = False
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme:
            return self.bearer(scheme, token.strip(), request)
        cookie = cookie_of(request)
        try:
            return self.read(cookie).identity if cookie else None
        except Forbidden:
            return None

    def of(self, request: Request) -> Token:
        """The session of a request that has one.

        Raises:
            Forbidden: it has none.
        """
        _, _, token = request.headers.get("Authorization", "").partition(" ")
        return self.read_bearer(token.strip(), request) if token else self.read(cookie_of(request))

    def read_bearer(self, token: str, request: Request) -> Token:
        """What a token of ours or, where there is one, of the issuer says.

        Raises:
            Forbidden: it is not valid, or its session has ended.
            Problem: 503, it cannot be told; 403, it is not said as what somebody asks.
        """
        try:
            return self.read(token)
        except Forbidden:
            if self.access_tokens is None:
                raise
        self.check_known()
        found = self.access_tokens.read(token, request)
        if self.ended.has(found):
            raise Forbidden("identity_not_valid")
        return found

    def read(self, token: str) -> Token:
        """What a token of ours says, while its session is open.

        Raises:
            Forbidden: it is not valid, or its session has ended.
            Problem: 503, which sessions have ended is not known.
        """
        found = self.signer.read_token(token)
        self.check_known()
        if not self.ended.accounts.knows(found):
            self.ended.try_accounts()
        if self.ended.has(found):
            raise Forbidden("identity_not_valid")
        return found

    def check_known(self) -> None:
        if not self.ended.fresh():
            raise sessions_unknown()

    def is_over(self, session: Token) -> bool:
        """Whether a session has ended before it expired, as far as can be told: not knowing is no reason to go on."""
        return self.ended.has(session) or not self.ended.fresh()

    def close(self, request: Request) -> None:
        """End the session of a request, if it has one that is open.

        Raises:
            Problem: 503, it has ended here and not yet everywhere.
        """
        try:
            token = self.of(request)
        except Forbidden:
            return
        try:
            self.ended.end(token)
        except Unavailable as fault:
            log.warning("the end of a session is not recorded yet: %s", fault)
            raise not_ended_everywhere() from fault

    def bearer(self, scheme: str, token: str, request: Request) -> Identity:
        if scheme.lower() != "bearer":
            raise unauthenticated("Seul un jeton Bearer est lu ici.")
        try:
            return self.read_bearer(token, request).identity
        except Unavailable as fault:
            raise issuer_unavailable() from fault
        except Forbidden as fault:
            raise unauthenticated("Ce jeton n’est pas valable ici, ou ne l’est plus.") from fault

    def open(self, request: Request, login: Login) -> str:
        """A session token for the identity that the visitor chose, on this machine alone."""
        if not (self.development_login and is_local(request)):
            raise Problem(403, "login_is_local", "La connexion de développement ne répond qu’à cette machine")
        return self.opened(identity_of(login))

    def opened(self, identity: Identity, entry: Entry | None = None) -> str:
        """A session token for an identity that has been established, with the grant with which it enters."""
        return self.signer.sign(identity, SESSION_LIFETIME, entry)


def issuer_unavailable() -> Problem:
    title, detail = "Le fournisseur d’identité ne répond pas pour l’instant", "Redemandez dans un instant."
    return Problem(503, "issuer_unavailable", title, detail, headers={"Retry-After": RETRY_AFTER_S})


def sessions_unknown() -> Problem:
    title = "Les sessions closes et les comptes ne se lisent pas pour l’instant"
    detail = "Personne n’entre tant qu’ils ne sont pas connus."
    return Problem(503, "sessions_unknown", title, f"{detail} Redemandez dans un instant.", headers={"Retry-After": RETRY_AFTER_S})


def not_ended_everywhere() -> Problem:
    detail = "Elle l’est ici, et le sera partout dès que la base répond."
    return Problem(503, "session_not_ended", "Votre session n’est pas encore close partout", detail, headers={"Retry-After": RETRY_AFTER_S})


def is_local(request: Request) -> bool:
    """Whether a request comes from this machine, under one of its own names and through no proxy.

    The name matters: a foreign page may rebind its own name to 127.0.0.1.
    """
    return host_name(request.host) in LOOPBACK_NAMES and from_networks(request, LOOPBACK_NETWORKS)


def host_name(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:  # an open bracket
        return ""


def check_same_origin(request: Request) -> None:
    """Refuse an unsafe request that carries a cookie, or sets one, and does not come from our own pages."""
    if request.method in SAFE_METHODS:
        return
    origin = request.headers.get("Origin")
    from_our_pages = origin == f"{request.scheme}://{request.host}" if origin else request.headers.get("Sec-Fetch-Site") == "same-origin"
    if not from_our_pages:
        raise Problem(403, "foreign_origin", "Cette demande ne vient pas de nos pages", "Elle n’a pas été transmise.")


def cookie_name(request: Request) -> str:
    """Browsers take a cookie of this prefix over TLS alone, for this host and every path."""
    return HOST_COOKIE if request.is_secure else COOKIE


def cookie_of(request: Request) -> str:
    return request.cookies.get(cookie_name(request), "")


def with_session(response: Response, request: Request, token: str) -> Response:
    response.set_cookie(
        cookie_name(request), token, max_age=SESSION_LIFETIME, httponly=True, samesite="Strict", secure=request.is_secure, path="/"
    )
    return response


def without_session(response: Response, request: Request) -> Response:
    response.delete_cookie(cookie_name(request), path="/", httponly=True, samesite="Strict", secure=request.is_secure)
    return response
