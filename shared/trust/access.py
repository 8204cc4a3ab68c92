"""Who asks, signed, and what they may do.

A session token lives as long as a working day in the browser; the identity that the gateway hands to a service lives 60 seconds. One
table answers every question of permission: (role, action) -> scope. What is not in the table is forbidden.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

import jwt
from jwt.types import Options
from msgspec import Struct

from shared.errors import Forbidden
from shared.message import Actor
from shared.trust.scope import Scope

K = TypeVar("K")
V = TypeVar("V")

ALGORITHM = "HS256"
SERVICE_TOKEN_LIFETIME = timedelta(seconds=60)
MAX_CACHED_TOKENS = 1_000  # per cache; their signatures need not be computed again for each command
EVERYWHERE = "*"


class Identity(Struct, frozen=True):
    """An actor, and the territories where it may act (`*` is all of them)."""

    actor: Actor
    territories: tuple[str, ...] = ()

    def covers(self, territory: str) -> bool:
        return EVERYWHERE in self.territories or territory in self.territories


class Token(Struct, frozen=True):
    """What a token says: who asks, when it expires (seconds since 1970), and an id of its own."""

    identity: Identity
    expires: float
    id: str


def system(name: str) -> Identity:
    """The programme itself, when a policy or a tool acts. No token leads to it."""
    return Identity(Actor(name, "system"), (EVERYWHERE,))


class Permissions:
    """The table of permissions.

    What is `own` lies where the actor works, too. Beyond that, `own` and `addressee` compare the actor with the state of a stream, so the
    aggregate checks them; what is addressed to an organisation may come from any territory.
    """

    def __init__(self, table: Mapping[tuple[str, str], Scope]) -> None:
        self.table = dict(table)

    def scope(self, role: str, action: str) -> Scope | None:
        return self.table.get((role, action))

    def roles(self, action: str) -> frozenset[str]:
        """The roles that may do this somewhere."""
        return frozenset(role for role, what in self.table if what == action)

    def check(self, identity: Identity, action: str, territory: str) -> None:
        """Check that the identity may do `action` in `territory`.

        Raises:
            Forbidden: it may not.
        """
        match self.scope(identity.actor.role, action):
            case None:
                raise Forbidden("role_may_not", role=identity.actor.role, action=action)
            case "territory" | "own" if not identity.covers(territory):
                raise Forbidden("not_in_territory", actor=identity.actor.id, territory=territory)
            case _:
                return


class Signer:
    """Makes and checks tokens with one key for one audience. A forged token raises Forbidden and nothing else."""

    def __init__(self, key: bytes, audience: str, clock: Callable[[], datetime]) -> None:
        self.key = key
        self.audience = audience
        self.clock = clock
        self.verified: dict[str, Token] = {}
        self.issued: dict[Identity, tuple[str, datetime]] = {}

    def service_token(self, identity: Identity) -> str:
        """A token for the services, of 60 seconds. The same one is returned for the first half of its life."""
        token, renew_at = self.issued.get(identity, ("", self.clock()))
        if renew_at <= self.clock():
            token, _ = cached(self.issued, identity, (self.sign(identity), self.clock() + SERVICE_TOKEN_LIFETIME / 2))
        return token

    def sign(self, identity: Identity, lifetime: timedelta = SERVICE_TOKEN_LIFETIME) -> str:
        actor = identity.actor
        claims: dict[str, Any] = {
            "sub": actor.id,
            "role": actor.role,
            "org": actor.organisation,
            "territories": list(identity.territories),
            "aud": self.audience,
            "exp": self.clock() + lifetime,
            "jti": uuid4().hex,
        }
        return jwt.encode(claims, self.key, ALGORITHM)

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

    def verify(self, token: str) -> Token:
        # The expiry is checked by `read`, with the clock that was given here and not with the library's own.
        options: Options = {"require": ["exp", "sub", "aud", "jti"], "verify_exp": False}
        claims = jwt.decode(token, self.key, [ALGORITHM], audience=self.audience, options=options)
        identity = Identity(Actor(claims["sub"], claims["role"], claims["org"]), tuple(claims["territories"]))
        return Token(identity, claims["exp"], claims["jti"])


def cached(cache: dict[K, V], key: K, value: V) -> V:
    """Store in a bounded cache, which is emptied when it is full."""
    if len(cache) >= MAX_CACHED_TOKENS:
        cache.clear()
    cache[key] = value
    return value
