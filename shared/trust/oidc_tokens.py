"""What the tokens of an issuer say, once they are checked: signature, issuer, audience, times, and what each kind has besides.

The algorithm is one of those that the installation names and one that the key is for, whatever the token says of it: neither `none` nor a
secret that everybody knows (HS256 with the public key) ever counts.
"""

from typing import Any

import jwt
from jwt.types import Options
from msgspec import Struct

from shared.errors import Forbidden
from shared.time import Clock
from shared.trust.oidc_issuer import Issuer

LEEWAY_S = 60.0  # by which the clock of the issuer may differ
MAX_LENGTH = 16 * 1024  # of a token
MAX_AGE_S = 600.0  # of a token that tells of something that happened now
LOGOUT = "http://schemas.openid.net/event/backchannel-logout"
ACCESS_TYPES = frozenset({"", "jwt", "at+jwt", "application/at+jwt"})
LOGOUT_TYPES = frozenset({"", "jwt", "logout+jwt", "application/logout+jwt"})


class Subject(Struct, frozen=True):
    """Who an issuer says it is. `email` is only there when the issuer has verified it."""

    subject: str
    email: str = ""
    session: str = ""
    expires: float = 0.0
    id: str = ""


class OidcTokens:
    """Checks tokens of one issuer. It blocks while it asks for keys."""

    def __init__(self, issuer: Issuer, clock: Clock) -> None:
        self.issuer = issuer
        self.clock = clock

    def identity(self, token: str, nonce: str) -> Subject:
        """Who has logged in, of an identity token that was asked for with this nonce.

        Raises:
            Forbidden: it is not valid, or was asked for by another login.
            Unavailable: the keys of the issuer cannot be read.
        """
        said = self.read(token, self.issuer.client.id, frozenset({"", "jwt"}), "iat")
        if said.get("nonce") != nonce:
            raise not_valid()
        self.check_presenter(said)
        self.check_recent(said)
        return subject(said)

    def access(self, token: str) -> Subject:
        """Who asks with an access token.

        Raises:
            Forbidden: it is not valid, is for another audience, or none are taken.
            Unavailable: the keys of the issuer cannot be read.
        """
        if not self.issuer.client.audience:
            raise not_valid()
        return subject(self.read(token, self.issuer.client.audience, ACCESS_TYPES))

    def logout(self, token: str) -> str:
        """The session at the issuer that a logout token ends (OpenID Connect Back-Channel Logout).

        Raises:
            Forbidden: it is not valid, or names no session.
            Unavailable: the keys of the issuer cannot be read.
        """
        said = self.read(token, self.issuer.client.id, LOGOUT_TYPES, "iat", "jti", subject=False)
        events = said.get("events")
        if "nonce" in said or not isinstance(events, dict) or LOGOUT not in events or not isinstance(said.get("sid"), str):
            raise not_valid()
        self.check_recent(said)
        return str(said["sid"])

    def read(self, token: str, audience: str, types: frozenset[str], *required: str, subject: bool = True) -> dict[str, Any]:
        """What a token says that this issuer signed, for this audience, and that is valid now."""
        client = self.issuer.client
        try:
            if len(token) > MAX_LENGTH:
                raise not_valid()
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in client.algorithms or str(header.get("typ", "")).lower() not in types or "crit" in header:
                raise not_valid()
            key = self.issuer.key(str(header.get("kid", "")))
            options: Options = {
                "require": ["iss", "aud", "exp", *(["sub"] if subject else []), *required],
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,  # by our own clock, below
            }
            if key.algorithm not in {"", header["alg"]}:
                raise not_valid()
            said: dict[str, Any] = jwt.decode(token, key.key, [header["alg"]], audience=audience, issuer=client.issuer, options=options)
        except (jwt.PyJWTError, TypeError, ValueError) as fault:
            raise not_valid() from fault
        self.check_times(said)
        return said

    def check_times(self, said: dict[str, Any]) -> None:
        now = self.clock().timestamp()
        begins = max(number(said, "nbf", now), number(said, "iat", now))
        if number(said, "exp", 0.0) + LEEWAY_S <= now or begins - LEEWAY_S > now:
            raise not_valid()

    def check_recent(self, said: dict[str, Any]) -> None:
        if self.clock().timestamp() - number(said, "iat", 0.0) > MAX_AGE_S:
            raise not_valid()

    def check_presenter(self, said: dict[str, Any]) -> None:
        """A token for several audiences says for whom it was made, and that is this installation (`azp`)."""
        several = isinstance(said["aud"], list) and len(said["aud"]) > 1
        if said.get("azp", None if several else self.issuer.client.id) != self.issuer.client.id:
            raise not_valid()


def number(said: dict[str, Any], name: str, default: float) -> float:
    value = said.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise not_valid()
    return float(value)


def subject(said: dict[str, Any]) -> Subject:
    found = {name: value if isinstance(value := said.get(name), str) else "" for name in ("sub", "email", "sid", "jti")}
    if not found["sub"]:
        raise not_valid()
    email = found["email"] if said.get("email_verified") is True else ""
    return Subject(found["sub"], email, found["sid"], number(said, "exp", 0.0), found["jti"])


def not_valid() -> Forbidden:
    return Forbidden("identity_not_valid")
