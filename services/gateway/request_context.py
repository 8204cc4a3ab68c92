"""One request, and who makes it."""

from dataclasses import dataclass

from werkzeug.wrappers import Request

from services.gateway.problems import unauthenticated, unreadable
from shared.trust.identity import Identity


@dataclass(frozen=True)
class RequestContext:
    request: Request
    identity: Identity | None

    def number(self, name: str, default: int) -> int:
        return number(name, self.request.args.get(name), default)

    def known(self) -> Identity:
        """The visitor's identity; raises the problem of 401 when there is none."""
        if self.identity is None:
            raise unauthenticated()
        return self.identity


def number(name: str, said: str | None, default: int) -> int:
    """A number that a client writes, of any length: what is over 18 digits is no position, and fits no database."""
    if said is None:
        return default
    if not said.isascii() or not said.isdigit() or len(said) > 18:
        raise unreadable(f"{name} attend un nombre entier.")
    return int(said)
