"""An issuer of identities (OpenID Connect): where its endpoints are, which keys it signs with, and the exchange of a code for tokens.

What it says of itself is read when it is first needed, and again after an hour. Its keys are read again as well when a token names one
that is not known, but not more often than each REFETCH_S, whatever tokens come. While one thread asks, others do not wait for it: they
are told to come back, so that an issuer that is slow holds no more threads than MAX_ASKING.

It blocks, and is thread-safe.
"""

import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Any
from urllib.parse import quote, urlencode

from shared.errors import Forbidden, Unavailable
from shared.trust.oidc_answers import Discovered, SigningKey, Tokens, decoded, usable
from shared.trust.oidc_client import OidcClient
from shared.trust.oidc_http import HttpAnswer, request

REFRESH_S = 3_600.0
REFETCH_S = 10.0
MAX_ASKING = 4
BAD_REQUEST = 400
WELL_KNOWN = "/.well-known/openid-configuration"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}

Request = Callable[[str, str, Mapping[str, str], bytes], HttpAnswer]


class Issuer:
    def __init__(self, client: OidcClient, ask: Request = request, clock: Callable[[], float] = time.monotonic) -> None:
        self.client = client
        self.ask = ask
        self.clock = clock
        self.asking = BoundedSemaphore(MAX_ASKING)
        self.fetching = BoundedSemaphore(1)
        self.found: Discovered | None = None
        self.keys: dict[str, SigningKey] = {}
        self.discovered_at = self.fetched_at = self.tried_at = -REFRESH_S

    def discovered(self) -> Discovered:
        """Where its endpoints are.

        Raises:
            Unavailable: it does not say so, or is another issuer than the one that is configured.
        """
        if self.found is None or self.clock() - self.discovered_at >= REFRESH_S:
            try:
                self.found = self.discover()
                self.discovered_at = self.clock()
            except Unavailable:
                if self.found is None:
                    raise
        return self.found

    def discover(self) -> Discovered:
        found: Discovered = self.read(self.client.issuer.rstrip("/") + WELL_KNOWN, Discovered)
        if found.issuer != self.client.issuer:
            raise Unavailable("the issuer has another name than the one that is configured")
        secure = self.client.issuer.startswith("https://")
        if secure and any(not url.startswith("https://") for url in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri)):
            raise Unavailable("an endpoint of the issuer has no TLS")
        return found

    def key(self, kid: str) -> SigningKey:
        """The key that signs under a name.

        Raises:
            Forbidden: it has none of that name.
            Unavailable: its keys cannot be read now.
        """
        known, now = self.keys.get(kid), self.clock()
        if known is not None and now - self.fetched_at < REFRESH_S:
            return known
        if now - self.tried_at >= REFETCH_S:
            self.fetch(known is not None)
        if kid in self.keys:
            return self.keys[kid]
        if self.fetched_at < 0:
            raise Unavailable("the keys of the issuer are not known yet")
        raise Forbidden("identity_not_valid")

    def fetch(self, may_wait: bool) -> None:
        """Read the keys, unless another thread does. With keys that are only old, an issuer that is away changes nothing."""
        if not self.fetching.acquire(blocking=False):
            return
        try:
            self.tried_at = self.clock()
            found = self.read(self.discovered().jwks_uri, dict[str, Any])
            self.keys = dict(usable(found))
            self.fetched_at = self.clock()
        except Unavailable:
            if not may_wait:
                raise
        finally:
            self.fetching.release()

    def exchange(self, code: str, verifier: str) -> str:
        """The identity token for a code, which an issuer gives once.

        Raises:
            Forbidden: the issuer does not take the code.
            Unavailable: it does not answer.
        """
        client = self.client
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": client.redirect_uri, "code_verifier": verifier}
        named = f"{quote(client.id, safe='')}:{quote(client.secret, safe='')}".encode()
        headers = {**FORM, "Authorization": f"Basic {b64encode(named).decode()}"}
        answer = self.asked("POST", self.discovered().token_endpoint, headers, urlencode(form).encode())
        if answer.status == BAD_REQUEST:
            raise Forbidden("identity_not_valid")
        tokens: Tokens = decoded(answer, Tokens)
        return tokens.id_token

    def read(self, address: str, shape: type[Any]) -> Any:
        return decoded(self.asked("GET", address, {}, b""), shape)

    def asked(self, method: str, address: str, headers: Mapping[str, str], body: bytes) -> HttpAnswer:
        with self.one_of_a_few():
            return self.ask(method, address, headers, body)

    @contextmanager
    def one_of_a_few(self) -> Iterator[None]:
        if not self.asking.acquire(blocking=False):
            raise Unavailable("the issuer is slow: others are waiting for it")
        try:
            yield
        finally:
            self.asking.release()
