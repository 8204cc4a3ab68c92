"""Keys of real processes: each works with its own alone, and the one that signs is replaced while people work."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.bootstrap.names import GATEWAY
from services.vocabulary.calendar import local_date
from shared.time import now
from tests.harness.identities import signing_key_of
from tests.harness.receiver import Receiver
from tests.harness.world import met
from tests.journey.test_webhooks import LOCAL
from tests.processes import Product, eventually, running
from tests.servers import GivenPostgres, GivenRabbitmq

KEYS = {
    "PARCOURS_KEYS": "gateway/keys",
    "PARCOURS_SIGNING_KEY": "gateway/signing_key.pem",
    "PARCOURS_PUBLIC_KEYS": "public/keys.json",
    "PARCOURS_SEAL_KEY": "relay/key",
    "PARCOURS_SURVEY_KEY": "coaching/key",
    "PARCOURS_WEBHOOK_KEY": "webhooks/key",
    "PARCOURS_KEY_ENCRYPTION_KEY": "persons/wrapping_key",
}
OF_PERSONS = ("PARCOURS_KEY_ENCRYPTION_KEY", "PARCOURS_PERSON_KEYS")
GIVEN = {
    GATEWAY: ("PARCOURS_KEYS", "PARCOURS_SIGNING_KEY", "PARCOURS_PUBLIC_KEYS", *OF_PERSONS),
    "coaching": ("PARCOURS_SURVEY_KEY", "PARCOURS_PUBLIC_KEYS", *OF_PERSONS),
    **dict.fromkeys(("intake", "referrals", "reporting"), ("PARCOURS_PUBLIC_KEYS", *OF_PERSONS)),
    "webhooks": ("PARCOURS_WEBHOOK_KEY", "PARCOURS_PUBLIC_KEYS"),
    "relay": ("PARCOURS_SEAL_KEY",),
    "accounts": ("PARCOURS_PUBLIC_KEYS",),
}
COMMANDS_BETWEEN = 10
REPLY = {"satisfied": True, "rating": 5, "domains": [], "wellbeing": True, "wants_continuation": True}
ISSUE = {"territory": "alencon", "data": {"person": "p-1", "rank": 1, "moment": "EXIT"}}


@pytest.fixture
def env(rabbitmq_server: GivenRabbitmq, postgres_server: GivenPostgres) -> Iterator[dict[str, str]]:
    with rabbitmq_server.vhost() as uri, postgres_server.database() as dsn:
        yield {"PARCOURS_AMQP_URI": uri, "PARCOURS_EVENT_STORE": dsn, "PARCOURS_READ_MODELS": dsn, "PARCOURS_RATE_LIMIT": "off"}


class Coach:
    """Identifies one person after the other. `answers` are the statuses, with the problem of what was not accepted."""

    def __init__(self, product: Product) -> None:
        self.headers = {"Authorization": f"Bearer {product.token('coach')}"}
        self.client = httpx.Client(base_url=product.url, timeout=30)
        self.answers: list[tuple[int, str]] = []
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.work)

    def work(self) -> None:
        while not self.done.is_set():
            body = {"territory": "alencon", "data": met(str(uuid4()))}
            answer = self.client.post("/v1/commands/IdentifyPerson", json=body, headers={**self.headers, "Idempotency-Key": str(uuid4())})
            self.answers.append((answer.status_code, "" if answer.is_success else answer.text))

    def __enter__(self) -> "Coach":
        self.thread.start()
        self.some()
        return self

    def some(self) -> None:
        """Wait until some more were answered."""
        until, wanted = time.monotonic() + 60, len(self.answers) + COMMANDS_BETWEEN
        while len(self.answers) < wanted:
            assert time.monotonic() < until, "nothing is answered"
            time.sleep(0.02)

    def __exit__(self, *_: object) -> None:
        self.done.set()
        self.thread.join()
        self.client.close()


def test_the_key_that_signs_is_replaced_while_people_work(tmp_path: Path, env: dict[str, str]) -> None:
    with running(tmp_path, env) as product, Coach(product) as coach:
        used = [signing_key_of(tmp_path).kid]
        for _ in range(2):
            assert product.tool("keys", "rotate").returncode == 0
            used.append(signing_key_of(tmp_path).kid)
            coach.some()
            time.sleep(1.5)  # a gateway looks each second
            done = product.tool("keys", "drop")
            assert used[-2] in done.stderr, "what signed before is known no more: the gateway must have taken the new key"
            coach.some()
    assert len(set(used)) == len(used)
    assert {status for status, _ in coach.answers} == {201}, [text for status, text in coach.answers if status != 201][:3]


def test_each_process_works_with_its_own_keys_alone(tmp_path: Path, env: dict[str, str]) -> None:
    """Every process has a folder of its own, and reads no key but what it is given: a journey up to the answer of a survey."""
    places = {name: str(tmp_path / "keys" / place) for name, place in KEYS.items()}
    product = Product(tmp_path, {**env, **places})
    assert product.tool("keys", "make").returncode == 0
    for name, process in product.processes.items():
        given = {key: product.env[key] for key in GIVEN[name]}
        process.env = {**env, **LOCAL, "PARCOURS_DEVELOPMENT_LOGIN": "1", **given}
        process.words = ("service", name, "--data", str(tmp_path / name), "--port", str(product.port))
    try:
        product.start()
        with Receiver(lambda _: 204) as receiver:
            secret = product.must("CreateWebhook", {"webhook": "w-1", "url": receiver.url}, role="coordinator", territory="all")["secret"]
            for name, data in journey("p-1"):
                product.must(name, data)
            ticket = product.client.post("/v1/survey-tickets", json=ISSUE, headers=headers(product)).json()["ticket"]
            answered: dict[str, Any] = {"territory": "alencon", "data": {"token": ticket, **REPLY}}
            assert (
                product.client.post("/v1/commands/AnswerSurvey", json=answered, headers={"Idempotency-Key": str(uuid4())}).status_code
                == 201
            )
            forged = {**answered, "data": {**answered["data"], "token": f"{ticket[:-32]}{'0' * 32}"}}
            assert (
                product.client.post("/v1/commands/AnswerSurvey", json=forged, headers={"Idempotency-Key": str(uuid4())}).status_code == 422
            )
            told = eventually(lambda: receiver.taken, "a message")[0]
            assert told.verified(secret)["type"].endswith("PersonIdentified")
        keys = [path for path in tmp_path.rglob("*") if path.is_file() and "key" in path.name and path.suffix != ".log"]
    finally:
        product.stop()
    assert {str(path) for path in keys} == {*places.values()}, "no process makes a key of its own"


def journey(person: str) -> list[tuple[str, dict[str, Any]]]:
    """Up to an exit today."""
    exit = {"person": person, "exit_on": local_date(now()).isoformat(), "reason": "DEMANDE", "outcomes": []}
    return [("IdentifyPerson", met(person)), ("OpenJourney", {"person": person, "referent": "coach-1"}), ("ExitJourney", exit)]


def headers(product: Product) -> dict[str, str]:
    return {"Authorization": f"Bearer {product.token('coach')}", "Idempotency-Key": str(uuid4())}
