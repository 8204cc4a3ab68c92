"""Tokens: an identity, signed for one audience and for a while (JWT). Whose signature counts, each kind decides (`Verifier.verify`).

Sessions come back to the gateways, which made them: one secret key signs and checks. The identities that services are handed are signed by
a gateway alone, for one service, for 60 seconds (ADR 71):

| who | holds | can |
|---|---|---|
| a gateway | the private key | say to a service who asks: a person, or the gateway itself |
| a service | the public keys | tell whether a gateway said so; it can say nothing to another service |

A policy runs in the process of its service and needs no identity that is signed: it acts as itself, for the event that caused it
(`shared.policy_runner`). So does a tool, which opens the log itself.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from jwt.types import Options
from msgspec import Struct

from shared.errors import Forbidden
from shared.message import Actor
from shared.time import Clock
from shared.trust.access import Identity
from shared.trust.identity_keys import PublicKeys, SigningKey, usable

K = TypeVar("K")
V = TypeVar("V")

HS256, EDDSA = "HS256", "EdDSA"
SESSIONS = "gateway"  # the audience of sessions
PREVIOUS_AUDIENCE = "services"  # of identities of the release before
IDENTITY_LIFETIME = timedelta(seconds=60)
PREVIOUS_COUNTS = timedelta(days=1)  # after an upgrade: identities of the release before
MAX_CACHED_TOKENS = 1_000  # per cache; their signatures need not be computed again for each command


class Entry(Struct, frozen=True):
    """With which grant of their account somebody entered, and how often the account had been suspended by then.

    `session` is what a session at the issuer of identities is called here, where one led in: it ends this one too.
    """

    grant: str
    stops: int
    session: str = ""


class Token(Struct, frozen=True):
    """What a token says: who asks, when it expires (seconds since 1970), and an id of its own; of a session, how it was entered."""

    identity: Identity
    expires: float
    id: str
    entry: Entry | None = None


class Verifier(ABC):
    """Checks tokens for one audience. A forged token raises Forbidden and nothing else."""

    def __init__(self, audience: str, clock: Clock) -> None:
        self.audience = audience
        self.clock = clock
        self.verified: dict[str, Token] = {}

    def read(self, token: str) -> Identity:
        """The identity in a token.

        Raises:
            Forbidden: the token is forged, for another audience, or expired.
        """
        return self.read_token(token).identity

    def read_token(self, token: str) -> Token:
        """All that a token says.

        Raises:
            Forbidden: the token is forged, for another audience, or expired.
        """
        try:
            found = self.verified.get(token) or cached(self.verified, token, self.verify(token))
            if found.expires <= self.clock().timestamp():
                raise jwt.ExpiredSignatureError("too old")
        except (jwt.InvalidTokenError, KeyError, TypeError) as fault:
            raise Forbidden("identity_not_valid") from fault
        return found

    @abstractmethod
    def verify(self, token: str) -> Token:
        """What a token says that has the right signature.

        Raises:
            jwt.InvalidTokenError, KeyError, TypeError: it has not, or is for another audience.
        """


class Signer(Verifier):
    """Makes tokens and checks them with the same secret key: for those that come back to who made them."""

    def __init__(self, key: bytes, audience: str, clock: Clock) -> None:
        super().__init__(audience, clock)
        self.key = key

    def sign(self, identity: Identity, lifetime: timedelta, entry: Entry | None = None) -> str:
        entered = {"grant": entry.grant, "stops": entry.stops, "sid": entry.session} if entry else {}
        return jwt.encode(claims(identity, self.audience, self.clock() + lifetime) | entered, self.key, HS256)

    def verify(self, token: str) -> Token:
        return decoded(token, self.key, HS256, self.audience)


def claims(identity: Identity, audience: str, expires: datetime) -> dict[str, Any]:
    actor = identity.actor
    return {
        "sub": actor.id,
        "role": actor.role,
        "org": actor.organisation,
        "territories": list(identity.territories),
        "aud": audience,
        "exp": expires,
        "jti": uuid4().hex,
    }


def decoded(token: str, key: Any, algorithm: str, audience: str) -> Token:
    """What a token says that was signed with this key by this algorithm, whatever it says of its own algorithm.

    Raises:
        jwt.InvalidTokenError, KeyError, TypeError: it was not, or is for another audience.
    """
    # The expiry is checked by `read_token`, with the clock that was given there and not with the library's own.
    options: Options = {"require": ["exp", "sub", "aud", "jti"], "verify_exp": False}
    said = jwt.decode(token, key, [algorithm], audience=audience, options=options)
    identity = Identity(Actor(said["sub"], said["role"], said["org"]), tuple(said["territories"]))
    entry = Entry(said["grant"], said["stops"], said.get("sid", "")) if "grant" in said else None
    return Token(identity, said["exp"], said["jti"], entry)


def cached(cache: dict[K, V], key: K, value: V) -> V:
    """Store in a bounded cache, which is emptied when it is full."""
    if len(cache) >= MAX_CACHED_TOKENS:
        cache.clear()
    cache[key] = value
    return value


def audience_of(service: str) -> str:
    """What an identity for a service is addressed to: no service can hand on to another what it was handed."""
    return f"service:{service}"


class IdentitySigner:
    """Signs identities with the key that `key` gives: the newest, also when it was replaced while this process runs."""

    def __init__(self, key: Callable[[], SigningKey], clock: Clock) -> None:
        self.key = key
        self.clock = clock
        self.signed_with: SigningKey | None = None
        self.issued: dict[tuple[Identity, str], tuple[str, datetime]] = {}

    def token(self, identity: Identity, service: str) -> str:
        """A token for a service, of 60 seconds. The same one is returned for the first half of its life."""
        key = self.key()
        if key is not self.signed_with:
            self.issued.clear()
            self.signed_with = key
        token, renew_at = self.issued.get((identity, service), ("", self.clock()))
        if renew_at <= self.clock():
            signed = sign(key, identity, service, self.clock() + IDENTITY_LIFETIME), self.clock() + IDENTITY_LIFETIME / 2
            token, _ = cached(self.issued, (identity, service), signed)
        return token


def sign(key: SigningKey, identity: Identity, service: str, expires: datetime) -> str:
    return jwt.encode(claims(identity, audience_of(service), expires), key.private, EDDSA, headers={"kid": key.kid})


class Keys(Protocol):
    """The public keys that count now; None if none were ever there. `at_once` looks for new ones also if somebody has just looked."""

    def __call__(self, *, at_once: bool = False) -> PublicKeys | None: ...


class Fixed(Generic[K]):
    """A key, or public keys, that stay the same while the process runs."""

    def __init__(self, keys: K) -> None:
        self.keys = keys

    def __call__(self, *, at_once: bool = False) -> K:
        return self.keys


class IdentityVerifier(Verifier):
    """Checks the identities that one service is handed.

    `previous` checks those of the release before: until the time that the set of public keys says, or for a day while there is none.
    """

    def __init__(self, service: str, keys: Keys, clock: Clock, previous: Signer | None = None) -> None:
        super().__init__(audience_of(service), clock)
        self.keys = keys
        self.previous = previous
        self.known: PublicKeys | None = None
        self.usable: dict[str, Ed25519PublicKey] = {}
        self.previous_until = (clock() + PREVIOUS_COUNTS).timestamp()  # while no set says it

    def read_token(self, token: str) -> Token:
        self.look()
        return super().read_token(token)

    def look(self, *, at_once: bool = False) -> None:
        """Take over the keys that count now. What was verified with others is verified again."""
        keys = self.keys(at_once=at_once)
        if keys is not self.known:
            self.usable = usable(keys.keys) if keys else {}
            self.verified.clear()
            self.known = keys

    def verify(self, token: str) -> Token:
        header = jwt.get_unverified_header(token)
        if header.get("alg") == HS256 and self.previous is not None and self.previous_counts():
            return self.previous.verify(token)
        kid = header["kid"]
        if kid not in self.usable:
            self.look(at_once=True)
        return decoded(token, self.usable[kid], EDDSA, self.audience)

    def previous_counts(self) -> bool:
        until = self.previous_until if self.known is None else self.known.previous_until
        return until is not None and self.clock().timestamp() < until
