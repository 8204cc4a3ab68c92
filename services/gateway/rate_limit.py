"""How many requests one client may make, so that a busy one leaves room for the others.

How it works
------------
Each client has a bucket of `burst` requests that fills at `rate` requests a second (the generic cell rate algorithm: one number is kept
of a client, the time at which its bucket will be full again). A request that finds the bucket empty is refused with 429 and the seconds
until one more is there. A client is an actor with their role and organisation; without a valid identity, an address.

The fields are those of draft-ietf-httpapi-ratelimit-headers: the quota and its window, and what is left of it.
"""

import math
import time
from collections.abc import Callable
from typing import NamedTuple

from services.gateway.problems import Problem

MAX_CLIENTS = 10_000  # remembered; those whose buckets are full are forgotten first
POLICY = "default"
TOO_MANY = "Trop de demandes à la fois"


class Allowance(NamedTuple):
    """What is left to a client after a request: `wait` is 0 if it was allowed, else the seconds until one is."""

    left: int
    wait: float


class Rate(NamedTuple):
    """In requests per second, and at once."""

    rate: int
    burst: int


class RateLimit:
    """`clock` is monotonic, in seconds."""

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self.interval, self.burst, self.clock = 1 / rate.rate, rate.burst, clock
        self.window = math.ceil(rate.burst / rate.rate)
        self.full_at: dict[str, float] = {}

    def take(self, client: str) -> Allowance:
        """Take one request out of the bucket of a client, if there is one."""
        now = self.clock()
        full_at = max(self.full_at.get(client, now), now) + self.interval
        missing = full_at - now  # in seconds, with this request
        if missing > self.burst * self.interval + 1e-9:
            return Allowance(0, missing - self.burst * self.interval)
        if client not in self.full_at and len(self.full_at) >= MAX_CLIENTS:
            self.forget(now)
        self.full_at[client] = full_at
        return Allowance(int(self.burst - missing / self.interval + 1e-6), 0.0)

    def forget(self, now: float) -> None:
        """Forget the clients whose buckets are full; if there are none, those that are the nearest to it."""
        waiting = sorted((full_at, client) for client, full_at in self.full_at.items() if full_at > now)
        self.full_at = {client: full_at for full_at, client in waiting[-MAX_CLIENTS // 2 :]}

    def check(self, client: str) -> dict[str, str]:
        """Take one request, and give the headers that tell what is left.

        Raises:
            Problem: 429, with the seconds after which to come back.
        """
        headers = self.headers(allowance := self.take(client))
        if allowance.wait:
            raise Problem(429, "too_many_requests", TOO_MANY, "Rien n’a été fait. Revenez dans un instant.", headers=headers)
        return headers

    def headers(self, allowance: Allowance) -> dict[str, str]:
        fields = {
            "RateLimit-Policy": f'"{POLICY}";q={self.burst};w={self.window}',
            "RateLimit": f'"{POLICY}";r={allowance.left};t={math.ceil(allowance.wait or self.interval)}',
        }
        return fields | ({"Retry-After": str(math.ceil(allowance.wait))} if allowance.wait else {})
