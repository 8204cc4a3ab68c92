"""Logging in at the issuer (OpenID Connect, authorization code flow with PKCE): what stands in the browser meanwhile, and whose it proves.

A login begins with a random secret, sealed in a cookie of this browser alone. State, nonce and the verifier of PKCE follow from it and
from a key of the installation, and are kept nowhere: who comes back with a code must have begun the login in this browser, and the code is
worth nothing without the verifier. Behind several gateways any of them may finish what another began.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from services.gateway.problems import Problem
from shared.time import Clock
from shared.trust.oidc_answers import Discovered
from shared.trust.oidc_client import OidcClient
from shared.trust.seals import Seals, key_for

T = TypeVar("T")
PURPOSE = "oidc logins"
BEGUN_S = 600.0  # for which somebody may be at the issuer
PROVEN_S = 300.0  # for which a grant may be chosen
SCOPES = "openid email"


class Begun(Struct, frozen=True, tag="begun"):
    """A login that is under way. Times are seconds since 1970."""

    secret: str
    then: str
    until: float


class Proven(Struct, frozen=True, tag="proven"):
    """Somebody has proved whose account is theirs, and chooses a grant. `session` is a digest of that at the issuer."""

    account: str
    session: str
    then: str
    until: float


class LoginFlow:
    """`key` is the secret key of the installation."""

    def __init__(self, client: OidcClient, key: bytes, clock: Clock) -> None:
        self.client = client
        self.seals = Seals(key_for(PURPOSE, key))
        self.clock = clock

    def now(self) -> float:
        return self.clock().timestamp()

    def begin(self, then: str) -> Begun:
        return Begun(token_urlsafe(32), then, self.now() + BEGUN_S)

    def derived(self, begun: Begun, what: str) -> str:
        return hmac.digest(self.seals.key, f"{what} {begun.secret}".encode(), sha256).hex()

    def address(self, begun: Begun, issuer: Discovered) -> str:
        """Where the browser is sent."""
        challenge = urlsafe_b64encode(sha256(self.derived(begun, "verifier").encode()).digest()).decode().rstrip("=")
        asked = {
            "response_type": "code",
            "client_id": self.client.id,
            "redirect_uri": self.client.redirect_uri,
            "scope": SCOPES,
            "state": self.derived(begun, "state"),
            "nonce": self.derived(begun, "nonce"),
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{issuer.authorization_endpoint}{'&' if '?' in issuer.authorization_endpoint else '?'}{urlencode(asked)}"

    def returned(self, cookie: str, state: str) -> Begun:
        """The login that this browser began, of which the issuer sent the state back.

        Raises:
            Problem: 403, this browser began none, or another, or too long ago.
        """
        begun = self.opened(cookie, Begun)
        if not hmac.compare_digest(self.derived(begun, "state").encode(), state.encode()):
            raise not_begun()
        return begun

    def proven(self, account: str, session: str, then: str) -> Proven:
        return Proven(account, session and self.session(session), then, self.now() + PROVEN_S)

    def session(self, id: str) -> str:
        """What a session at the issuer is called here."""
        return f"oidc-{self.seals.digest(f'session {id}')}"

    def sealed(self, what: Begun | Proven) -> str:
        return self.seals.sealed(urlsafe_b64encode(msgspec.json.encode(what)).decode().rstrip("="))

    def opened(self, cookie: str, shape: type[T]) -> T:
        """What a cookie of ours holds.

        Raises:
            Problem: 403, it is none of ours, another one, or too old.
        """
        if not self.seals.genuine(cookie):
            raise not_begun()
        text = cookie.rpartition(".")[0]
        try:
            found: Any = msgspec.json.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=shape)
        except msgspec.ValidationError as fault:
            raise not_begun() from fault
        if found.until <= self.now():
            raise not_begun()
        opened: T = found
        return opened


def not_begun() -> Problem:
    detail = "Cette connexion n’a pas commencé dans ce navigateur, ou il y a trop longtemps. Recommencez depuis la page de connexion."
    return Problem(403, "login_not_begun", "Cette connexion ne peut pas aboutir", detail)


def not_proved() -> Problem:
    detail = "Le fournisseur d’identité n’a pas confirmé cette connexion. Recommencez depuis la page de connexion."
    return Problem(403, "login_not_proved", "Cette connexion n’a pas abouti", detail)


def no_grant() -> Problem:
    detail = "Votre identité est reconnue, mais aucun compte en vigueur n’y correspond ici. Demandez un accès à votre coordination."
    return Problem(403, "no_grant", "Vous n’avez pas d’accès ici", detail)
