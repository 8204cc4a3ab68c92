"""Two gateways of one installation, as real processes: what one of them learns, the other one knows, and so it is after a restart."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from services.bootstrap.composition import Components
from services.bootstrap.settings import read_settings
from services.gateway.login_links import LoginLinks
from shared.message import Actor
from shared.time import now
from shared.trust.access import Identity
from tests.harness.accounts import granted
from tests.processes import Process, Product, eventually, free_port, is_well, running

SESSION = {"actor": "auditor-1", "role": "auditor", "organisation": "etape", "territories": ["*"]}
SECONDS = 20.0  # within which something must have come; nothing is measured
ROUNDS = 12


class Gateways:
    """The first belongs to the product; the second has a port of its own."""

    def __init__(self, product: Product, folder: Path) -> None:
        port = free_port()
        self.folder, self.env = folder, product.env
        words = ("service", "gateway", "--data", str(folder), "--port", str(port))
        second = Process(*words, env=product.env, log=folder / "second_gateway.log")
        self.processes = (product.processes["gateway"], second)
        self.clients = tuple(httpx.Client(base_url=f"http://127.0.0.1:{each}", timeout=30) for each in (product.port, port))
        second.start()
        self.ready()

    def ready(self) -> None:
        for client in self.clients:
            eventually(partial(is_well, client), "that all is well")

    def restart(self) -> None:
        for process in self.processes:
            process.end()
        for process in self.processes:
            process.start()
        self.ready()

    def close(self) -> None:
        self.processes[1].end()
        for client in self.clients:
            client.close()


@pytest.fixture(scope="module")
def gateways(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Gateways]:
    folder = tmp_path_factory.mktemp("gateways")
    postgres, rabbitmq = request.getfixturevalue("postgres_server"), request.getfixturevalue("rabbitmq_server")
    with postgres.database() as dsn, rabbitmq.vhost() as uri:
        env = {"PARCOURS_AMQP_URI": uri, "PARCOURS_EVENT_STORE": dsn, "PARCOURS_READ_MODELS": dsn, "PARCOURS_RATE_LIMIT": "off"}
        with running(folder, env) as product:
            both = Gateways(product, folder)
            try:
                yield both
            finally:
                both.close()


def headers_of_a_new_session(client: httpx.Client) -> dict[str, str]:
    answer = client.post("/v1/session", json=SESSION)
    assert answer.status_code == 201, answer.text
    return {"Authorization": f"Bearer {answer.json()['token']}"}


class Follower(threading.Thread):
    """Follows the feed at one gateway until the gateway ends the stream."""

    def __init__(self, client: httpx.Client, path: str, headers: dict[str, str]) -> None:
        super().__init__(daemon=True)
        self.url, self.headers = str(client.base_url).rstrip("/") + path, headers
        self.opened = threading.Event()
        self.status = 0
        self.broken = False
        self.start()

    def run(self) -> None:
        with httpx.stream("GET", self.url, headers=self.headers, timeout=120) as answer:
            self.status = answer.status_code
            try:
                for _ in answer.iter_bytes():
                    self.opened.set()
            except httpx.RemoteProtocolError:
                self.broken = True


def cookie_of_a_new_session(client: httpx.Client) -> dict[str, str]:
    origin = str(client.base_url).rstrip("/")
    answer = client.post("/connexion", data=SESSION | {"territories": "alencon"}, headers={"Origin": origin})
    assert answer.status_code == 303, answer.text
    cookie = answer.cookies["parcours_session"]
    client.cookies.clear()
    return {"Cookie": f"parcours_session={cookie}"}


def leave(client: httpx.Client, headers: dict[str, str]) -> None:
    if "Cookie" in headers:
        answer = client.post("/deconnexion", headers=headers | {"Origin": str(client.base_url).rstrip("/")})
        assert answer.status_code == 303, answer.text
    else:
        assert client.delete("/v1/session", headers=headers).status_code == 204


@pytest.mark.parametrize("way", ["token", "cookie"])
def test_a_session_that_is_left_at_one_gateway_is_over_at_both_with_its_streams_and_stays_so(gateways: Gateways, way: str) -> None:
    here, there = gateways.clients
    headers = (headers_of_a_new_session if way == "token" else cookie_of_a_new_session)(here)
    staying = headers_of_a_new_session(here)
    same_origin = {"Origin": str(here.base_url).rstrip("/")} if way == "cookie" else {}
    streams = [here.post("/v1/stream-tickets", headers=headers | same_origin) for _ in gateways.clients]
    with_tickets = [Follower(client, each.json()["stream"], {}) for client, each in zip(gateways.clients, streams, strict=True)]
    followers = [*(Follower(client, "/v1/stream", headers) for client in gateways.clients), *with_tickets]
    kept = Follower(there, "/v1/stream", staying)
    assert [(each.opened.wait(SECONDS), each.status) for each in (*followers, kept)] == [(True, 200)] * 5
    leave(here, headers)
    assert here.get("/v1/me", headers=headers).status_code == 401
    eventually(lambda: there.get("/v1/me", headers=headers).status_code == 401, "the other gateway", SECONDS)
    for follower in followers:
        follower.join(SECONDS)
        assert (follower.is_alive(), follower.status, follower.broken) == (False, 200, False)
    assert kept.is_alive()
    assert there.get("/v1/me", headers=staying).status_code == 200
    gateways.restart()
    for client in gateways.clients:
        assert eventually(lambda client=client: client.get("/v1/me", headers=staying).status_code == 200, "an open session")  # type: ignore[misc]  # mypy infers no lambda with a default
        assert client.get("/v1/me", headers=headers).status_code == 401


def cookie_of_a_grant(gateways: Gateways, identity: Identity) -> tuple[dict[str, str], str]:
    """A session that a login link opened at the first gateway, and the grant with which it was."""
    components = Components(read_settings(gateways.folder, environ=gateways.env))
    grant = granted(components, identity)
    links = LoginLinks(components.settings.key(), now)
    secret = links.issue(components.gateway_records, identity, grant, timedelta(minutes=5))
    client = gateways.clients[0]
    answer = client.post("/lien", data={"secret": secret}, headers={"Origin": str(client.base_url).rstrip("/")})
    assert answer.status_code == 303, answer.text
    cookie = answer.cookies["parcours_session"]
    client.cookies.clear()
    return {"Cookie": f"parcours_session={cookie}"}, grant


def test_a_grant_that_is_withdrawn_at_one_gateway_ends_sessions_and_open_streams_at_both(gateways: Gateways) -> None:
    here, there = gateways.clients
    headers, grant = cookie_of_a_grant(gateways, Identity(Actor("nadia", "auditor"), ("*",)))
    staying, _ = cookie_of_a_grant(gateways, Identity(Actor("lea", "auditor"), ("*",)))
    followers = [Follower(client, "/v1/stream", headers) for client in gateways.clients]
    kept = Follower(there, "/v1/stream", staying)
    assert [(each.opened.wait(SECONDS), each.status) for each in (*followers, kept)] == [(True, 200)] * 3
    administrator = here.post("/v1/session", json={**SESSION, "actor": "admin-1", "role": "administrator"}).json()["token"]
    body = {"territory": "all", "data": {"account": "nadia", "grant": grant, "reason": "FIN_DE_FONCTION"}}
    asked = {"Authorization": f"Bearer {administrator}", "Idempotency-Key": str(uuid4())}
    answer = here.post("/v1/commands/WithdrawGrant", json=body, headers=asked)
    assert answer.status_code == 201, answer.text
    for client in gateways.clients:
        eventually(lambda client=client: client.get("/v1/me", headers=headers).status_code == 401, "a session that is over", SECONDS)  # type: ignore[misc]  # mypy infers no lambda with a default
    for follower in followers:
        follower.join(SECONDS)
        assert (follower.is_alive(), follower.status, follower.broken) == (False, 200, False)
    assert kept.is_alive()
    assert there.get("/v1/me", headers=staying).status_code == 200


def identify(client: httpx.Client, token: dict[str, str], key: str, person: str) -> httpx.Response:
    body = {"territory": "alencon", "data": {"person": person, "channel": "RUE", "place": "Marché", "radar": "NON_INSCRIT"}}
    return client.post("/v1/commands/IdentifyPerson", json=body, headers={**token, "Idempotency-Key": key})


def coach(client: httpx.Client) -> dict[str, str]:
    answer = client.post("/v1/session", json={**SESSION, "actor": "coach-1", "role": "coach"})
    return {"Authorization": f"Bearer {answer.json()['token']}"}


def test_of_two_persons_that_two_gateways_are_asked_for_under_one_key_at_once_one_is_recorded(gateways: Gateways) -> None:
    token = coach(gateways.clients[0])
    for _ in range(ROUNDS):
        key, together = str(uuid4()), threading.Barrier(2)
        statuses: list[int] = []

        def ask(client: httpx.Client, key: str = key, together: threading.Barrier = together, statuses: list[int] = statuses) -> None:
            together.wait()
            statuses.append(identify(client, token, key, str(uuid4())).status_code)

        threads = [threading.Thread(target=ask, args=[client]) for client in gateways.clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert sorted(statuses) == [201, 422]


def test_a_key_belongs_to_its_command_through_both_gateways_and_after_a_restart(gateways: Gateways) -> None:
    here, there = gateways.clients
    token, key, person = coach(here), str(uuid4()), str(uuid4())
    first = identify(here, token, key, person)
    assert first.status_code == 201, first.text
    refused = str(uuid4())
    held = {"territory": "alencon", "data": {"person": str(uuid4()), "mode": "VISIO", "minutes": 30}}
    assert here.post("/v1/commands/HoldInterview", json=held, headers={**token, "Idempotency-Key": refused}).status_code == 409
    for client in (there, None, there, here):
        if client is None:
            gateways.restart()
            continue
        assert identify(client, token, key, person).json() == first.json()
        other = identify(client, token, key, str(uuid4()))
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert identify(there, token, refused, str(uuid4())).status_code == 201  # nothing was recorded under it
