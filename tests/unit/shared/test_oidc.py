"""Tokens of an issuer and what is asked of it: what counts, how often its keys are read, and that a slow one holds nobody up."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from jwt.algorithms import RSAAlgorithm

from shared.errors import Forbidden, Unavailable
from shared.time import now
from shared.trust import oidc_http
from shared.trust.oidc_client import OidcClient
from shared.trust.oidc_http import HttpAnswer
from shared.trust.oidc_issuer import MAX_ASKING, REFETCH_S, REFRESH_S, Issuer
from shared.trust.oidc_tokens import MAX_AGE_S, OidcTokens

URL = "https://login.example"
CLIENT = OidcClient(URL, "parcours", "secret", "https://parcours.example/connexion/retour", "api", ("RS256", "ES256"))
KEY = generate_private_key(65537, 2048)


class Answering:
    """An issuer that answers without a network, and counts what it is asked. `kids` are the names of its keys."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.kids = ["k"]
        self.issuer = URL
        self.endpoints = URL
        self.away = False
        self.time = 0.0

    def __call__(self, method: str, address: str, headers: Mapping[str, str], body: bytes) -> HttpAnswer:
        self.asked.append(address)
        if self.away:
            raise Unavailable("away")
        public = json.loads(RSAAlgorithm.to_jwk(KEY.public_key()))
        keys = [{**public, "kid": kid, "use": "sig"} for kid in self.kids] + [{"kty": "oct", "k": "c2VjcmV0", "kid": "shared"}]
        keys += [{**public, "kid": "encrypts", "use": "enc"}, {"kty": "RSA", "kid": "broken"}]
        at = {"authorization_endpoint": f"{self.endpoints}/a", "token_endpoint": f"{self.endpoints}/t", "jwks_uri": f"{self.endpoints}/k"}
        return HttpAnswer(200, json.dumps({"keys": keys} if address.endswith("/k") else {"issuer": self.issuer, **at}).encode())

    def read_keys(self) -> int:
        return len([address for address in self.asked if address.endswith("/k")])


@pytest.fixture
def answering() -> Answering:
    return Answering()


@pytest.fixture
def issuer(answering: Answering) -> Issuer:
    return Issuer(CLIENT, answering, lambda: answering.time)


def token(**more: Any) -> str:
    given = {"iss": URL, "aud": "parcours", "sub": "s", "nonce": "n", "iat": now(), "exp": now() + timedelta(minutes=5)}
    return jwt.encode({name: value for name, value in {**given, **more}.items() if value is not None}, KEY, "RS256", headers={"kid": "k"})


def test_an_identity_token_answers_the_login_that_asked_for_it(issuer: Issuer) -> None:
    tokens = OidcTokens(issuer, now)
    assert tokens.identity(token(email="a@b.example", email_verified=True), "n").email == "a@b.example"
    for unverified in (False, None, "true", 1):
        assert tokens.identity(token(email="a@b.example", email_verified=unverified), "n").email == ""
    assert tokens.identity(token(aud=["parcours", "other"], azp="parcours"), "n").subject == "s"


@pytest.mark.parametrize(
    "more",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": ["parcours", "other"]},
        {"aud": ["parcours", "other"], "azp": "other"},
        {"azp": "other"},
        {"aud": "api"},
        {"iat": None},
        {"iat": timedelta(seconds=MAX_AGE_S + 60)},
        {"sub": ""},
        {"sub": None},
    ],
    ids=str,
)
def test_one_that_answers_another_login_or_is_for_another_client_does_not(issuer: Issuer, more: dict[str, Any]) -> None:
    said = {name: now() - value if isinstance(value, timedelta) else value for name, value in more.items()}
    with pytest.raises(Forbidden):
        OidcTokens(issuer, now).identity(token(**said), "n")


def test_no_key_is_a_secret_for_encryption_or_broken(issuer: Issuer) -> None:
    issuer.key("k")
    assert set(issuer.keys) == {"k"}


def test_keys_are_read_again_for_a_new_name_and_not_for_each(issuer: Issuer, answering: Answering) -> None:
    issuer.key("k")
    answering.kids = ["k2"]
    for guess in range(100):
        with pytest.raises(Forbidden):
            issuer.key(f"guess-{guess}")
    assert (answering.read_keys(), set(issuer.keys)) == (1, {"k"})
    answering.time += REFETCH_S
    issuer.key("k2")
    with pytest.raises(Forbidden):
        issuer.key("k")
    assert answering.read_keys() == 2
    answering.time += REFRESH_S
    issuer.key("k2")
    assert answering.read_keys() == 3


def test_what_is_known_counts_while_the_issuer_is_away(issuer: Issuer, answering: Answering) -> None:
    issuer.key("k")
    answering.away = True
    answering.time += 2 * REFRESH_S
    issuer.key("k")
    issuer.discovered()
    with pytest.raises(Forbidden):
        issuer.key("another")


def test_nothing_is_known_of_an_issuer_that_was_never_reached(issuer: Issuer, answering: Answering) -> None:
    answering.away = True
    for ask in (issuer.discovered, lambda: issuer.key("k"), lambda: issuer.key("k")):
        with pytest.raises(Unavailable):
            ask()


@pytest.mark.parametrize("wrong", [{"issuer": "https://evil.example"}, {"issuer": f"{URL}/"}, {"endpoints": "http://login.example"}])
def test_another_issuer_or_one_without_tls_is_not_believed(issuer: Issuer, answering: Answering, wrong: dict[str, str]) -> None:
    for name, value in wrong.items():
        setattr(answering, name, value)
    with pytest.raises(Unavailable):
        issuer.discovered()


def test_a_slow_issuer_holds_a_few_threads_and_no_more() -> None:
    go_on, holding = threading.Event(), threading.Semaphore(0)

    def slow(method: str, address: str, headers: Mapping[str, str], body: bytes) -> HttpAnswer:
        holding.release()
        go_on.wait(20)
        return HttpAnswer(503, b"")

    issuer = Issuer(CLIENT, slow)
    told: list[str] = []

    def ask_it() -> None:
        try:
            issuer.discovered()
        except Unavailable as fault:
            told.append(str(fault))

    threads = [threading.Thread(target=ask_it) for _ in range(MAX_ASKING)]
    for thread in threads:
        thread.start()
    assert all(holding.acquire(timeout=20) for _ in threads)
    with pytest.raises(Unavailable, match="others are waiting"):
        issuer.discovered()
    go_on.set()
    for thread in threads:
        thread.join(20)
    assert told == ["the issuer answers 503"] * MAX_ASKING


@pytest.fixture
def server() -> Iterator[Callable[[bytes, float], str]]:
    """Listens once for a request, and sends parts of an answer with a pause between them."""
    listening = socket.create_server(("127.0.0.1", 0))

    def answer(text: bytes, pause: float) -> None:
        connection, _ = listening.accept()
        with closing(connection):
            connection.recv(4096)
            for part in (text[index : index + 1] for index in range(len(text))) if pause else (text,):
                try:
                    connection.sendall(part)
                except OSError:  # it has heard enough
                    return
                time.sleep(pause)

    def start(text: bytes, pause: float) -> str:
        threading.Thread(target=answer, args=(text, pause), daemon=True).start()
        return f"http://127.0.0.1:{listening.getsockname()[1]}/k?x=1"

    yield start
    listening.close()


def test_an_answer_is_read_to_its_end(server: Callable[[bytes, float], str]) -> None:
    answer = oidc_http.request("GET", server(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 0.0), {})
    assert (answer.status, answer.body) == (200, b"{}")


@pytest.mark.parametrize(
    ("text", "pause"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + b"x" * 900, 0.05),
        (b"", 0.0),
        (b"no HTTP at all\r\n\r\n", 0.0),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" + b"x" * 2_000_000, 0.0),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000, 0.0),
    ],
    ids=["dripping", "closed", "not HTTP", "too long", "too many headers"],
)
def test_no_answer_is_waited_for_longer_or_read_further_than_the_bounds(
    server: Callable[[bytes, float], str], text: bytes, pause: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oidc_http, "TOTAL_S", 1.0)
    with pytest.raises(Unavailable):
        oidc_http.request("GET", server(text, pause), {})


def test_nobody_listening_is_no_answer() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    with pytest.raises(Unavailable):
        oidc_http.request("GET", f"http://127.0.0.1:{port}/", {})
