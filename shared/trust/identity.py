"""Who asks, signed. A session token lives as long as a working day in the browser; what reaches a service lives 60 seconds."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import jwt
from jwt.types import Options
from msgspec import Struct

from shared.errors import Forbidden
from shared.message import Actor

ALGORITHM = "HS256"
HAND_OVER = timedelta(seconds=60)
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
            # The age is checked below, by the clock that was given here and not by the library's own.
            options: Options = {"require": ["exp", "sub", "aud"], "verify_exp": False}
            claims = jwt.decode(token, self.key, [ALGORITHM], audience=self.audience, options=options)
            if claims["exp"] <= self.clock().timestamp():
                raise jwt.ExpiredSignatureError("too old")
            return Identity(Actor(claims["sub"], claims["role"], claims["org"]), tuple(claims["territories"]))
        except (jwt.InvalidTokenError, KeyError, TypeError) as fault:
            raise Forbidden("This identity is not valid here, or no longer.") from fault
