"""One request: the values of its query string, and the identity that makes it."""

from dataclasses import dataclass, field

from werkzeug.wrappers import Request

from services.gateway.problems import unauthenticated
from services.gateway.query_parameters import Query
from shared.trust.access import Identity


@dataclass(frozen=True)
class RequestContext:
    request: Request
    identity: Identity | None
    query: Query = field(default_factory=dict)

    def known(self) -> Identity:
        """The identity of the request.

        Raises:
            Problem: 401, there is none.
        """
        if self.identity is None:
            raise unauthenticated()
        return self.identity
