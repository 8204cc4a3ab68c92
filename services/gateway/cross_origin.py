"""Pages of other origins (CORS): those that are configured may use `/v1/…` and the descriptions, with a token. No other page may anything.

No answer allows credentials: a browser sends the session's cookie for our own pages alone, and a page of another origin has a token.
"""

import logging
from collections.abc import Collection

from werkzeug.wrappers import Request, Response

OPEN_PATHS = frozenset({"/openapi.json", "/asyncapi.json"})  # beside /v1/…
REQUEST_HEADERS = "Accept, Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, Parcours-Position"
EXPOSED_HEADERS = "Date, Deprecation, ETag, Link, Parcours-Position, RateLimit, RateLimit-Policy, Retry-After, Sunset, WWW-Authenticate"
PREFLIGHT_LIFETIME_S = 600
MAX_TOLD = 20  # origins that are told in the log, once each

log = logging.getLogger(__name__)


class CrossOrigin:
    """`origins` are compared as they are: there is no wildcard."""

    def __init__(self, origins: Collection[str]) -> None:
        self.origins = frozenset(origins)
        self.told: set[str] = set()

    def allow(self, request: Request, response: Response) -> None:
        """Let the page that asks read the response, if its origin is configured. The answer to OPTIONS lists what it may send."""
        if not self.origins or not is_open(request.path):
            return
        response.vary.add("Origin")  # a cache must not hand the answer to one origin to another
        origin = request.headers.get("Origin")
        if origin not in self.origins:
            self.tell(origin)
            return
        response.headers["Access-Control-Allow-Origin"] = origin
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            response.headers["Access-Control-Allow-Methods"] = response.headers.get("Allow", "")
            response.headers["Access-Control-Allow-Headers"] = REQUEST_HEADERS
            response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_LIFETIME_S)
        else:
            response.headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS

    def tell(self, origin: str | None) -> None:
        """A browser says no more than that something failed: who looks for the reason finds it in the log."""
        if origin and origin not in self.told and len(self.told) < MAX_TOLD:
            self.told.add(origin)
            log.warning("a page of the origin %r was refused: it is not in PARCOURS_ORIGINS", origin[:100])


def is_open(path: str) -> bool:
    return path.startswith("/v1/") or path in OPEN_PATHS
