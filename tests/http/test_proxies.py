"""Behind real proxies with TLS: forms, cookies, redirects and the feed work, and nobody chooses a role through one."""

import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from services.gateway.session import HOST_COOKIE, SESSION_LIFETIME
from shared.message import Actor
from shared.time import now
from shared.trust.access import Identity
from shared.trust.tokens import Signer
from tests.harness.world import met
from tests.processes import Product, in_one_process
from tests.servers import Unavailable
from tests.servers.proxies import PROXIES, Proxy, nginx

LOGIN = {"actor": "coach-1", "role": "coach", "organisation": "etape", "territories": ["alencon"]}
OPERATOR, NEIGHBOUR = "127.0.0.2", "127.0.0.3"
ENV = {"PARCOURS_TRUSTED_PROXIES": "127.0.0.1", "PARCOURS_METRICS_FROM": OPERATOR}


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with in_one_process(tmp_path_factory.mktemp("behind"), ENV) as started:
        yield started


@pytest.fixture(scope="module", params=PROXIES)
def proxy(request: pytest.FixtureRequest, product: Product) -> Iterator[Proxy]:
    try:
        server = PROXIES[request.param](product.port)
    except Unavailable as fault:
        pytest.skip(str(fault))
    yield server
    server.close()


@pytest.fixture
def client(proxy: Proxy) -> Iterator[httpx.Client]:
    context = ssl.create_default_context(cafile=str(proxy.authority))
    with httpx.Client(base_url=proxy.url, verify=context, timeout=30, headers={"Accept": "text/html"}) as client:
        yield client


def token(product: Product) -> str:
    """There is no login here: a session as the gateway itself signs it."""
    key = (product.folder / "keys").read_bytes()
    return Signer(key, "gateway", now).sign(Identity(Actor("coach-1", "coach", "etape"), ("*",)), SESSION_LIFETIME)


def test_a_form_is_recorded_and_leads_to_its_page(product: Product, proxy: Proxy, client: httpx.Client) -> None:
    person = str(uuid4())
    sent = {"id": str(uuid4()), "territory": "alencon", **{name: value for name, value in met(person).items() if value}}
    client.cookies.set(HOST_COOKIE, token(product))
    answer = client.post("/saisie/IdentifyPerson", data=sent, headers={"Origin": proxy.url})
    assert answer.status_code == 303, answer.text
    assert httpx.URL(proxy.url).join(answer.headers["Location"]).host == "localhost"
    assert client.get(answer.headers["Location"]).status_code == 200
    assert client.post("/saisie/IdentifyPerson", data=sent, headers={"Origin": product.url}).status_code == 403
    forged = {"Origin": "https://evil.example", "Forwarded": "proto=https;host=evil.example", "X-Forwarded-Host": "evil.example"}
    assert client.post("/saisie/IdentifyPerson", data=sent, headers=forged).status_code == 403


def test_a_cookie_is_for_tls_alone_and_so_is_the_address(proxy: Proxy, client: httpx.Client) -> None:
    answer = client.post("/deconnexion", headers={"Origin": proxy.url})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert "Secure" in answer.headers["Set-Cookie"]
    assert "max-age" in answer.headers["Strict-Transport-Security"]


def test_a_page_without_a_session_leads_to_the_login_of_the_same_address(proxy: Proxy, client: httpx.Client) -> None:
    answer = client.get("/saisie", follow_redirects=True)
    assert (answer.status_code, str(answer.url)) == (200, f"{proxy.url}/connexion?suite=/saisie")


def test_an_event_is_heard_at_once(product: Product, client: httpx.Client) -> None:
    bearer = {"Authorization": f"Bearer {token(product)}"}
    with client.stream("GET", "/v1/stream", headers=bearer, params={"type": "intake"}) as stream:
        body = {"territory": "alencon", "data": met(str(uuid4()))}
        answer = client.post("/v1/commands/IdentifyPerson", json=body, headers={**bearer, "Idempotency-Key": str(uuid4())})
        heard = next(json.loads(line.removeprefix("data: ")) for line in stream.iter_lines() if line.startswith("data: "))
    assert heard["position"] == answer.json()["position"]


def test_measurements_are_shown_to_the_operators_address_and_to_nobody_who_claims_it(proxy: Proxy) -> None:
    context = ssl.create_default_context(cafile=str(proxy.authority))
    for address, claimed, status in ((OPERATOR, NEIGHBOUR, 200), (NEIGHBOUR, OPERATOR, 403), (NEIGHBOUR, f"{OPERATOR}, 127.0.0.1", 403)):
        with httpx.Client(transport=httpx.HTTPTransport(verify=context, local_address=address)) as client:
            headers = {"X-Forwarded-For": claimed, "Forwarded": f"for={claimed}"}
            assert client.get(f"{proxy.url}/metrics", headers=headers).status_code == status, (address, claimed)


def test_nobody_chooses_a_role_here(product: Product, client: httpx.Client) -> None:
    assert client.post("/v1/session", json=LOGIN).json()["code"] == "login_is_local"
    assert product.client.post("/v1/session", json=LOGIN).json()["code"] == "login_is_local"


@pytest.mark.parametrize(
    ("headers", "later"),
    [("", 201), ("proxy_set_header Host 127.0.0.1;", 201), ("proxy_http_version 1.1; proxy_set_header X-Real-IP $remote_addr;", 403)],
    ids=["as installed", "host", "address"],
)
def test_a_demonstration_that_sees_a_proxy_opens_no_session_through_it(tmp_path: Path, headers: str, later: int) -> None:
    """nginx says nothing of itself unless it is told to, and names this machine as the host."""
    with in_one_process(tmp_path) as demonstration:
        assert demonstration.client.post("/v1/session", json=LOGIN).status_code == 201
        try:
            front = nginx(demonstration.port, headers)
        except Unavailable as fault:
            pytest.skip(str(fault))
        try:
            context = ssl.create_default_context(cafile=str(front.authority))
            answer = httpx.post(f"{front.url}/v1/session", json=LOGIN, verify=context)
            assert (answer.status_code, answer.json()["code"]) == (403, "login_is_local")
        finally:
            front.close()
        assert demonstration.client.post("/v1/session", json=LOGIN).status_code == later
