"""Who visits: a session in a cookie for browsers, the same signed token in a header for programs.

The login here is for development: whoever sits at this machine chooses a role. It answers to loopback alone, under a loopback
name, and never through a proxy.
"""

from datetime import timedelta
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct
from werkzeug.wrappers import Request, Response

from services.gateway.problems import Problem, unauthenticated
from shared.errors import Forbidden, Invalid, flattened
from shared.message import Actor
from shared.trust.identity import Identity, Signer
from shared.validation import schema_of

COOKIE = "parcours_session"
DAY = timedelta(hours=10)  # a working day
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})

ROLES = {
    "coach": "Coach",
    "coordinator": "Coordination départementale",
    "prescriber": "Prescripteur",
    "partner": "Partenaire",
    "committee": "Membre du comité technique",
    "funder": "Financeur",
    "auditor": "Auditeur",
    "dpo": "Déléguée à la protection des données",
    "participant": "Participant",
}

Word = Annotated[str, Meta(max_length=64)]


class Login(Struct, frozen=True):
    actor: Word
    role: Word
    organisation: Word = ""
    territories: list[Word] = []


SCHEMA = schema_of(Login, frozenset())()


class Sessions:
    def __init__(self, signer: Signer, *, development_login: bool) -> None:
        self.signer = signer
        self.development_login = development_login

    def identify(self, request: Request) -> Identity | None:
        """A bearer token must be valid; a cookie that is not, or no longer, is as good as none."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme:
            return self.bearer(scheme, token.strip())
        try:
            return self.signer.read(request.cookies[COOKIE]) if COOKIE in request.cookies else None
        except Forbidden:
            return None

    def bearer(self, scheme: str, token: str) -> Identity:
        if scheme.lower() != "bearer":
            raise unauthenticated("Seul un jeton Bearer est lu ici.")
        try:
            return self.signer.read(token)
        except Forbidden as fault:
            raise unauthenticated("Ce jeton n’est pas valable ici, ou ne l’est plus.") from fault

    def open(self, request: Request, login: Login) -> str:
        """A session token for whoever the visitor says to be, on this machine alone."""
        if not (self.development_login and local(request)):
            raise Problem(403, "login_is_local", "La connexion de développement ne répond qu’à cette machine")
        if login.role not in ROLES:
            raise Invalid({"role": ["Ce rôle n’existe pas, ou ne se choisit pas."]})
        return self.signer.sign(Identity(Actor(login.actor, login.role, login.organisation), tuple(login.territories)), DAY)


def read_login(data: object) -> Login:
    if not isinstance(data, dict):
        raise Invalid({"_": ["Un objet est attendu."]})
    faults = SCHEMA.validate(data)
    if faults:
        raise Invalid(flattened(faults))
    return msgspec.convert(SCHEMA.load(data), Login)


def local(request: Request) -> bool:
    """From this machine, by one of its own names (a stranger's page that rebinds its name to 127.0.0.1 is told apart), unproxied."""
    forwarded = {"X-Forwarded-For", "Forwarded", "X-Real-Ip"} & set(request.headers.keys())
    return not forwarded and host_name(request.host) in LOOPBACK_NAMES and from_loopback(request.remote_addr)


def from_loopback(address: str | None) -> bool:
    try:
        return address is not None and ip_address(address).is_loopback
    except ValueError:
        return False


def host_name(host: str) -> str:
    return (urlsplit(f"//{host}").hostname or "").lower()


def same_origin(request: Request) -> None:
    """Refuse a request that changes something, carries a cookie or makes one, and does not come from our own pages."""
    if request.method in SAFE:
        return
    origin = request.headers.get("Origin")
    ours = origin == f"{request.scheme}://{request.host}" if origin else request.headers.get("Sec-Fetch-Site") == "same-origin"
    if not ours:
        raise Problem(403, "foreign_origin", "Cette demande ne vient pas de nos pages", "Elle n’a pas été transmise.")


def with_session(response: Response, request: Request, token: str) -> Response:
    response.set_cookie(COOKIE, token, max_age=DAY, httponly=True, samesite="Strict", secure=request.is_secure, path="/")
    return response


def without_session(response: Response) -> Response:
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="Strict")
    return response
