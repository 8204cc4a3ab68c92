"""One request, and who makes it."""

from dataclasses import dataclass

from werkzeug.wrappers import Request

from services.gateway.problems import unauthenticated
from shared.trust.identity import Identity


@dataclass(frozen=True)
class Visit:
    request: Request
    identity: Identity | None

    def known(self) -> Identity:
        """The visitor's identity; raises the problem of 401 when there is none."""
        if self.identity is None:
            raise unauthenticated()
        return self.identity
