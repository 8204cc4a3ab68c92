"""Nobody learns a name from the log, the broker, the read models, or a backup; a coach finds a person by it; an erasure ends it.

The servers are the test's own, so that all of their files can be searched.
"""

import gzip
import json
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.trust.personal.keyring import KEPT_S
from tests.harness.receiver import Receiver
from tests.processes import Product, eventually, running, this_quarter
from tests.servers import PostgresServer, RabbitmqServer

PERSON = "p-7f3a"
NAME, OTHER_NAME, PHONE, PLACE, NOTE = "Xylophaginae", "Quetzalpetlatl", "0699887766", "Kiosque Zwischenzug", "Hypozeugma"
CANARIES = (NAME, OTHER_NAME, PHONE, PLACE, NOTE)
LOCAL = {"PARCOURS_WEBHOOK_HTTP": "1", "PARCOURS_WEBHOOK_NETWORKS": "127.0.0.0/8"}
TALKATIVE = {"PARCOURS_LOG_LEVEL": "debug", "PARCOURS_RATE_LIMIT": "off", **LOCAL}
IDENTITY = {"person": PERSON, "given_name": OTHER_NAME, "family_name": NAME, "phone": "06 99 88 77 66", "email": f"{NAME}@example.org"}
SPOKEN: list[tuple[str, dict[str, Any]]] = [
    ("IdentifyPerson", {"person": PERSON, "channel": "RUE", "place": PLACE, "radar": "SUIVI"}),
    ("GiveNotice", {"person": PERSON, "version": 1, "mode": "ORAL"}),
    ("RecordIdentity", IDENTITY),
    (
        "AssessEligibility",
        {"person": PERSON, "criteria": [NOTE], "verdict": "DEROGATION", "rule_version": 1, "evidence_kind": NOTE, "derogation": NOTE},
    ),
]
WRONG: list[tuple[str, dict[str, Any]]] = [  # what a program sends by mistake is on its way as well
    ("RecordIdentity", {"person": PERSON, "given_name": OTHER_NAME, "nom": NAME}),
    ("RecordIdentity", {"person": PERSON, "given_name": OTHER_NAME, "family_name": [NAME]}),
    ("OpenJourney", {"person": PERSON, "referent": "coach-1", "remarque": NOTE}),
]


class Installation:
    def __init__(self, product: Product, postgres: PostgresServer, rabbitmq: RabbitmqServer, receiver: Receiver) -> None:
        self.product, self.postgres, self.rabbitmq, self.receiver = product, postgres, rabbitmq, receiver


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    postgres, rabbitmq = PostgresServer(), RabbitmqServer()
    try:
        dsn, uri = postgres.create_database(), rabbitmq.create_vhost()
        env = {"PARCOURS_AMQP_URI": uri, "PARCOURS_EVENT_STORE": dsn, "PARCOURS_READ_MODELS": dsn, **TALKATIVE}
        with running(tmp_path_factory.mktemp("canaries"), env) as product, Receiver() as receiver:
            product.must("CreateWebhook", {"webhook": "w-1", "url": receiver.url}, role="coordinator", territory="all")
            yield Installation(product, postgres, rabbitmq, receiver)
    finally:
        rabbitmq.close()
        postgres.close()


@pytest.fixture(scope="module")
def spoken(installation: Installation) -> Installation:
    """A coach has said all of it, and some of it wrongly."""
    for name, data in SPOKEN:
        installation.product.must(name, data)
    for name, wrong in WRONG:
        assert installation.product.send(name, wrong).status_code == 422
    headers = {**coach(installation.product), "Content-Type": "application/x-ndjson"}
    answer = installation.product.client.post("/v1/commands", content="".join(lines()), headers=headers)
    assert answer.status_code == 200, answer.text
    eventually(lambda: any("IdentityRecorded" in str(each.event["type"]) for each in installation.receiver.received), "webhooks were sent")
    return installation


def lines() -> Iterator[str]:
    """Of the bulk door: one that is right, and one that is not."""
    for number, field in enumerate(("family_name", "surname")):
        data = {name: value for name, value in IDENTITY.items() if name != "family_name"} | {field: NAME}
        yield json.dumps({"id": str(UUID(int=number)), "type": "RecordIdentity", "territory": "alencon", "data": data}) + "\n"


def coach(product: Product, **more: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {product.token('coach', **more)}"}


def search(product: Product, text: str, **more: Any) -> httpx.Response:
    return product.client.post("/v1/people/search", json={"text": text}, headers=coach(product, **more))


def found(product: Product, text: str, **more: Any) -> list[str]:
    return [item["line"]["person"] for item in search(product, text, **more).json()["items"]]


def files(folder: Path) -> Iterator[tuple[Path, bytes]]:
    for file in folder.rglob("*"):
        if file.is_file() and not file.is_symlink():
            content = file.read_bytes()
            yield file, gzip.decompress(content) if file.suffix == ".gz" else content


def forms(word: str) -> set[bytes]:
    """A word as files may hold it: as it is, in small letters, in base64 (at each of three alignments), in hexadecimal."""
    plain = word.encode()
    encoded = {b64encode(b"x" * start + plain)[(start + 2) // 3 * 4 + 4 : -4] for start in range(3)}
    return {plain, word.lower().encode(), plain.hex().encode(), *(part for part in encoded if len(part) >= 8)}


def leaks(folder: Path) -> list[str]:
    return [f"{file}: {word}" for file, content in files(folder) for word in CANARIES if any(form in content for form in forms(word))]


def test_the_search_for_words_finds_them_where_they_are(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text(f"... {NAME} ...")
    (tmp_path / "encoded").write_bytes(b64encode(f"-{PLACE}-".encode()))
    (tmp_path / "packed.gz").write_bytes(gzip.compress(NOTE.encode()))
    assert len(leaks(tmp_path)) == 3


def test_a_coach_finds_a_person_by_name_and_by_telephone(spoken: Installation) -> None:
    product = spoken.product
    eventually(lambda: found(product, "xylo") == [PERSON], "the person is found")
    assert found(product, "quetzal xylophaginae") == found(product, "+33 6 99 88 77 66") == [PERSON]
    assert search(product, "xylo").json()["items"][0]["identity"]["family_name"] == NAME
    assert found(product, "xylo", territories=("flers",)) == []
    assert search(product, "xy").status_code == 422


def test_a_coach_reads_what_was_said_and_an_auditor_what_was_recorded(spoken: Installation) -> None:
    timeline = f"/v1/people/{PERSON}/timeline"
    said = spoken.product.client.get(timeline, headers=coach(spoken.product)).text
    assert all(word in said for word in (NAME, OTHER_NAME, PLACE, NOTE))
    for role in ("auditor", "coordinator"):
        assert NOTE not in spoken.product.get(timeline, role=role).text
    assert NAME not in spoken.product.get(timeline).text
    for role in ("coach", "auditor", "dpo"):
        events = spoken.product.get("/v1/events", role=role).text
        assert '"sealed"' in events
        assert not any(word in events for word in CANARIES)


def test_no_file_of_a_server_or_a_process_and_no_message_tells_a_name(spoken: Installation, tmp_path: Path) -> None:
    product = spoken.product
    assert product.tool("backup", str(tmp_path / "backup")).returncode == 0
    assert product.tool("history").returncode == 0
    for server in (spoken.postgres, spoken.rabbitmq):
        server.restart()  # what they have in memory is written
    product.ready()
    assert leaks(spoken.postgres.folder.path) == []
    assert leaks(spoken.rabbitmq.folder.path) == []
    assert leaks(product.folder) == []
    assert leaks(tmp_path / "backup") == []
    assert not any(word in product.tool("history").stdout for word in CANARIES)
    assert not any(word.encode() in each.body for each in spoken.receiver.received for word in CANARIES)
    assert not any(word in product.client.get("/metrics").text for word in CANARIES)


def test_an_erasure_ends_it_and_changes_no_count_and_no_proof(spoken: Installation) -> None:
    product = spoken.product
    eventually(lambda: found(product, "xylo") == [PERSON], "the person is found")
    read = f"/v1/indicators?territory=alencon&quarter={this_quarter()}"
    before = product.client.get(read, headers=coach(product)).json()["indicators"]
    product.must("DestroyPersonKey", {"person": PERSON, "basis": "DEMANDE"}, role="dpo")
    eventually(lambda: found(product, "xylo") == [], "the person is found no more")
    refused = product.send("RecordIdentity", IDENTITY)
    assert (refused.status_code, refused.json()["code"]) == (409, "person_erased")
    time.sleep(KEPT_S)  # in which a gateway may have kept the key
    for role in ("coach", "dpo"):
        told = product.get(f"/v1/people/{PERSON}/timeline", role=role).text
        assert not any(word in told for word in CANARIES)
    assert product.client.get(read, headers=coach(product)).json()["indicators"] == before
    assert product.tool("audit", "figures").returncode == 0
