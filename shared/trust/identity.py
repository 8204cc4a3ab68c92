"""Who asks, signed. A session token lives as long as a working day in the browser; what reaches a service lives 60 seconds."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

import jwt
from jwt.types import Options
from msgspec import Struct

from shared.errors import Forbidden
from shared.message import Actor

K = TypeVar("K")
V = TypeVar("V")

ALGORITHM = "HS256"
HAND_OVER = timedelta(seconds=60)
REMEMBERED = 1_000  # tokens that were read or made a moment ago: their signatures need not be computed for each command
EVERYWHERE = "*"


class Identity(Struct, frozen=True):
    """An actor, and the territories where it may act (`*` is all of them)."""

    actor: Actor
    territories: tuple[str, ...] = ()

    def covers(self, territory: str) -> bool:
        return EVERYWHERE in self.territories or territory in self.territories


def system(name: str) -> Identity:
    """The programme itself, when a policy or a tool acts: never reachable through a token."""
    return Identity(Actor(name, "system"), (EVERYWHERE,))


class Signer:
    """Makes and checks tokens with one key and one audience. Lazy and quiet: a forged token raises Forbidden, nothing else."""

    def __init__(self, key: bytes, audience: str, clock: Callable[[], datetime]) -> None:
        self.key = key
        self.audience = audience
        self.clock = clock
        self.known: dict[str, tuple[Identity, float]] = {}
        self.handed: dict[Identity, tuple[str, datetime]] = {}

    def hand_over(self, identity: Identity) -> str:
        """What a service is shown for this identity; the same for half of its life, then another."""
        token, until = self.handed.get(identity, ("", self.clock()))
        if until <= self.clock():
            token, _ = remember(self.handed, identity, (self.sign(identity), self.clock() + HAND_OVER / 2))
        return token

    def sign(self, identity: Identity, lifetime: timedelta = HAND_OVER) -> str:
        until = self.clock() + lifetime
        actor = identity.actor
        claims: dict[str, Any] = {
            "sub": actor.id,
            "role": actor.role,
            "org": actor.organisation,
            "territories": list(identity.territories),
            "aud": self.audience,
            "exp": until,
        }
        return jwt.encode(claims, self.key, ALGORITHM)

    def read(self, token: str) -> Identity:
        """The identity in a token, or Forbidden when it is forged, for another audience, or too old."""
        try:
            identity, until = self.known.get(token) or remember(self.known, token, self.verified(token))
            if until <= self.clock().timestamp():
                raise jwt.ExpiredSignatureError("too old")
        except (jwt.InvalidTokenError, KeyError, TypeError) as fault:
            raise Forbidden("This identity is not valid here, or no longer.") from fault
        return identity

    def verified(self, token: str) -> tuple[Identity, float]:
        # The age is checked above, by the clock that was given here and not by the library's own.
        options: Options = {"require": ["exp", "sub", "aud"], "verify_exp": False}
        claims = jwt.decode(token, self.key, [ALGORITHM], audience=self.audience, options=options)
        return Identity(Actor(claims["sub"], claims["role"], claims["org"]), tuple(claims["territories"])), claims["exp"]


def remember(kept: dict[K, V], key: K, value: V) -> V:
    """In a memory that has a bound: when it is full, it begins anew."""
    if len(kept) >= REMEMBERED:
        kept.clear()
    kept[key] = value
    return value
