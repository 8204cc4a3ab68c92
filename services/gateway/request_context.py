"""One request, and the identity that makes it."""

from dataclasses import dataclass

from werkzeug.wrappers import Request

from services.gateway.problems import unauthenticated, unreadable
from shared.trust.access import Identity


@dataclass(frozen=True)
class RequestContext:
    request: Request
    identity: Identity | None

    def number(self, name: str, default: int) -> int:
        return number(name, self.request.args.get(name), default)

    def known(self) -> Identity:
        """The identity of the request.

        Raises:
            Problem: 401, there is none.
        """
        if self.identity is None:
            raise unauthenticated()
        return self.identity


def number(name: str, text: str | None, default: int) -> int:
    """A number from a client. More than 18 digits are no position, and fit no database column."""
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise unreadable(f"{name} attend un nombre entier.")
    return int(text)
