"""Transports of httpx, one around the other: requests are repeated while the gateway is away, and readings are not sent twice."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

import httpx

from parcours_client.backoff import Backoff
from parcours_client.problem import PASSING, retry_after

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
REPEATABLE = "repeatable"  # an extension of a request whose lines have ids
MAX_REMEMBERED = 200  # readings


class Retrying(httpx.BaseTransport):
    """Repeats a request as it was, with its `Idempotency-Key`, while the answer is 429 or 503 or there is none.

    It gives up after `patience` seconds: the last answer is returned, the last fault of the connection raised.
    """

    def __init__(self, inner: httpx.BaseTransport, patience: float, sleep: Callable[[float], None] = time.sleep) -> None:
        self.inner = inner
        self.patience = patience
        self.sleep = sleep

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        backoff, waited = Backoff(), 0.0
        while True:
            try:
                response = self.inner.handle_request(request)
            except httpx.TransportError:
                delay = backoff.next_delay()
                if not is_repeatable(request) or waited + delay > self.patience:
                    raise
            else:
                asked = retry_after(response)
                if asked is None and response.status_code not in PASSING:
                    return response
                delay = backoff.next_delay(asked or 0.0)
                if not is_repeatable(request) or waited + delay > self.patience:
                    return response
                response.close()
            self.sleep(delay)
            waited += delay

    def close(self) -> None:
        self.inner.close()


def is_repeatable(request: httpx.Request) -> bool:
    """Whether a request that is sent twice does what it does once."""
    return request.method in SAFE or "Idempotency-Key" in request.headers or REPEATABLE in request.extensions


class Remembered(NamedTuple):
    etag: str
    media_type: str
    body: bytes


class Remembering(httpx.BaseTransport):
    """Names the ETag of a reading that it remembers, and answers a 304 with that reading."""

    def __init__(self, inner: httpx.BaseTransport, most: int = MAX_REMEMBERED) -> None:
        self.inner = inner
        self.most = most
        self.readings: OrderedDict[tuple[str, str], Remembered] = OrderedDict()  # the latest last

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        key = str(request.url), request.headers.get("Authorization", "")  # nobody is answered with what another one read
        known = self.readings.get(key) if request.method == "GET" else None
        if known:
            request.headers["If-None-Match"] = known.etag
        response = self.inner.handle_request(request)
        if known and response.status_code == httpx.codes.NOT_MODIFIED:
            response.close()
            self.readings.move_to_end(key)
            return httpx.Response(200, headers={"Content-Type": known.media_type, "ETag": known.etag}, content=known.body)
        if request.method == "GET" and response.status_code == httpx.codes.OK and "ETag" in response.headers:
            self.remember(key, response)
        return response

    def remember(self, key: tuple[str, str], response: httpx.Response) -> None:
        body = response.read()
        self.readings[key] = Remembered(response.headers["ETag"], response.headers.get("Content-Type", ""), body)
        self.readings.move_to_end(key)
        if len(self.readings) > self.most:
            self.readings.popitem(last=False)

    def close(self) -> None:
        self.inner.close()
