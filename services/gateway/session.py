"""Sessions: a signed token, in a cookie for browsers and in the Authorization header for programs.

The login here is for development: the visitor chooses a role. It answers only to the loopback address, under a loopback name, and
never through a proxy.
"""

from datetime import timedelta
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from marshmallow import ValidationError
from msgspec import Meta, Struct
from werkzeug.wrappers import Request, Response

from services.gateway.problems import Problem, unauthenticated
from services.vocabulary.french import VALIDATION
from shared.errors import Forbidden, Invalid
from shared.message import Actor
from shared.trust.access import Identity, Signer
from shared.validation import flatten, schema_of

COOKIE = "parcours_session"
SESSION_LIFETIME = timedelta(hours=10)  # a working day
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})

LOGIN_ROLES = {
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

ShortId = Annotated[str, Meta(max_length=64)]


class Login(Struct, frozen=True):
    actor: ShortId
    role: ShortId
    organisation: ShortId = ""
    territories: list[ShortId] = []


LOGIN_SCHEMA = schema_of(Login, VALIDATION)()


class Sessions:
    def __init__(self, signer: Signer, *, development_login: bool) -> None:
        self.signer = signer
        self.development_login = development_login

    def identify(self, request: Request) -> Identity | None:
        """The identity of a request. An invalid bearer token raises a 401 problem; an invalid or expired cookie counts as none."""
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
        """A session token for the identity that the visitor chose, on this machine alone."""
        if not (self.development_login and is_local(request)):
            raise Problem(403, "login_is_local", "La connexion de développement ne répond qu’à cette machine")
        if login.role not in LOGIN_ROLES:
            raise Invalid({"role": ["Ce rôle n’existe pas, ou ne se choisit pas."]})
        return self.signer.sign(Identity(Actor(login.actor, login.role, login.organisation), tuple(login.territories)), SESSION_LIFETIME)


def read_login(data: object) -> Login:
    if not isinstance(data, dict):
        raise Invalid({"_": ["Un objet est attendu."]})
    try:
        return msgspec.convert(LOGIN_SCHEMA.load(data), Login)
    except ValidationError as failure:
        raise Invalid(flatten(failure.messages)) from failure


def is_local(request: Request) -> bool:
    """Whether a request comes from this machine, under one of its own names and through no proxy.

    The name matters: a foreign page may rebind its own name to 127.0.0.1.
    """
    forwarded = {"X-Forwarded-For", "Forwarded", "X-Real-Ip"} & set(request.headers.keys())
    return not forwarded and host_name(request.host) in LOOPBACK_NAMES and from_loopback(request.remote_addr)


def from_loopback(address: str | None) -> bool:
    try:
        return address is not None and ip_address(address).is_loopback
    except ValueError:
        return False


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


def with_session(response: Response, request: Request, token: str) -> Response:
    response.set_cookie(COOKIE, token, max_age=SESSION_LIFETIME, httponly=True, samesite="Strict", secure=request.is_secure, path="/")
    return response


def without_session(response: Response) -> Response:
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="Strict")
    return response
