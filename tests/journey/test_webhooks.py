"""Webhooks from the command to the receiver, through real processes."""

import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.harness.receiver import Receiver
from tests.processes import Product, eventually, in_one_process

LOCAL = {
    "PARCOURS_WEBHOOK_NETWORKS": "127.0.0.0/8",
    "PARCOURS_WEBHOOK_HTTP": "1",
    "PARCOURS_WEBHOOK_RETRIES": ",".join(["0.1"] * 100),
    "PARCOURS_WEBHOOK_TIMEOUT_S": "30",
}
MET = {"channel": "RUE", "place": "Marché", "radar": "NON_INSCRIT"}
QUIET_S = 0.5  # in which a message that is sent twice would come


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with in_one_process(tmp_path_factory.mktemp("webhooks"), LOCAL) as started:
        yield started


def create(product: Product, webhook: str, url: str, role: str = "coordinator", **more: Any) -> dict[str, Any]:
    data = {"webhook": webhook, "url": url, "types": ["intake"], **more}
    return product.must("CreateWebhook", data, role=role, territory="all")


def meet(product: Product, prefix: str, number: int) -> list[str]:
    persons = [f"{prefix}-{each}" for each in range(number)]
    for person in persons:
        product.must("IdentifyPerson", {"person": person, **MET})
    return persons


def persons(receiver: Receiver) -> list[str]:
    return [each.event["data"]["person"] for each in receiver.taken]


def deliveries(product: Product, webhook: str, role: str = "coordinator") -> list[dict[str, Any]]:
    return list(product.get(f"/v1/webhooks/{webhook}/deliveries", role=role).json()["deliveries"])


def test_a_receiver_that_fails_and_heals_gets_every_event_once_and_in_order(product: Product) -> None:
    healed = threading.Event()
    with Receiver(lambda receiver: 204 if healed.is_set() else 503) as receiver:
        secret = create(product, "w-heals", receiver.url)["secret"]
        met = meet(product, "heals", 12)
        eventually(lambda: len(receiver.received) >= 3, "attempts")
        assert {each.message for each in receiver.received} == {receiver.received[0].message}
        [waiting] = deliveries(product, "w-heals")
        assert (waiting["status"], waiting["answer"]) == ("waiting", 503)
        healed.set()
        eventually(lambda: len(receiver.taken) >= len(met), "all events")
        time.sleep(QUIET_S)
        assert persons(receiver) == met
        assert [each.verified(secret)["data"]["person"] for each in receiver.taken] == met
        assert all(each.message == each.event["id"] for each in receiver.taken)
        after = receiver.taken[0].event["position"] - 1
        told = product.get("/v1/events", role="coordinator", type="intake", after=after).json()["events"]
        assert [each.event for each in receiver.taken] == told


def test_a_receiver_that_never_answers_delays_no_other(product: Product) -> None:
    released = threading.Event()

    def hangs(receiver: Receiver) -> int:
        released.wait(25)
        return 503

    with Receiver(hangs) as dead, Receiver() as healthy:
        create(product, "w-dead", dead.url)
        create(product, "w-healthy", healthy.url)
        met = meet(product, "beside", 20)
        eventually(lambda: persons(healthy) == met, "the healthy one", seconds=20)
        assert dead.received == []
        assert deliveries(product, "w-dead") == []
        released.set()
        product.must("DeleteWebhook", {"webhook": "w-dead"}, role="coordinator", territory="all")


def test_a_test_reaches_a_receiver_whose_webhook_is_stopped(product: Product) -> None:
    gone = threading.Event()
    gone.set()
    with Receiver(lambda receiver: 410 if gone.is_set() else 204) as receiver:
        secret = create(product, "w-gone", receiver.url)["secret"]
        met = meet(product, "gone", 2)
        stopped = eventually(lambda: product.get("/v1/webhooks/w-gone", role="coordinator").json()["stop"], "the stop")
        assert (stopped["reason"], stopped["message"]) == ("GONE", receiver.received[0].message)
        gone.clear()
        product.must("TestWebhook", {"webhook": "w-gone"}, role="coordinator", territory="all")
        eventually(lambda: receiver.taken, "the test")
        assert receiver.taken[0].verified(secret)["type"] == "fr.parcours.webhooks.Test"
        product.must("ResumeWebhook", {"webhook": "w-gone"}, role="coordinator", territory="all")
        eventually(lambda: len(receiver.taken) == 3, "the events")
        assert [each.event["data"].get("person") for each in receiver.taken[1:]] == met


def test_a_replay_sends_everything_after_a_position_again(product: Product) -> None:
    with Receiver() as receiver:
        create(product, "w-again", receiver.url)
        met = meet(product, "again", 4)
        eventually(lambda: persons(receiver) == met, "all events")
        after = receiver.taken[1].event["position"]
        product.must("ReplayWebhook", {"webhook": "w-again", "after": after}, role="coordinator", territory="all")
        eventually(lambda: persons(receiver) == met + met[2:], "the last two again")
        assert [each.message for each in receiver.taken[4:]] == [each.message for each in receiver.taken[2:4]]


def test_the_address_is_judged_when_it_is_given(product: Product) -> None:
    for url in ("https://169.254.169.254/latest", "https://[::1]/", "http://10.0.0.1/", "https://user@hooks.example/"):
        answer = product.send("CreateWebhook", {"webhook": "w-inner", "url": url}, role="coordinator", territory="all")
        assert (answer.status_code, list(answer.json()["faults"])) == (422, ["url"]), url


def has(receiver: Receiver, number: int) -> bool:
    return len(receiver.received) >= number


def test_a_killed_process_loses_nothing_and_repeats_at_most_what_was_under_way(tmp_path: Path) -> None:
    """The receiver is slow enough that a kill comes between a request and the note of its answer."""
    with Receiver(delay=0.05) as receiver, in_one_process(tmp_path, LOCAL) as product:
        create(product, "w-1", receiver.url)
        met = meet(product, "p", 30)
        serve = product.processes["serve"]
        for seen in (5, 15):
            eventually(partial(has, receiver, seen), "some events")
            serve.kill()
            serve.start()
            product.ready()
        eventually(lambda: persons(receiver)[-1:] == met[-1:], "the last event")
        time.sleep(QUIET_S)
        taken = persons(receiver)
        assert list(dict.fromkeys(taken)) == met
        repeated = len(taken) - len(met)
        assert repeated <= 2  # one under way at each kill
        ids = {each.event["data"]["person"]: each.message for each in receiver.taken}
        assert all(each.message == ids[each.event["data"]["person"]] for each in receiver.taken)


def ask(product: Product, method: str, path: str, actor: str, role: str, **more: Any) -> httpx.Response:
    asked = {"actor": actor, "role": role, "organisation": "etape", "territories": ["alencon"]}
    token = product.client.post("/v1/session", json=asked).json()["token"]
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4())}
    return product.client.request(method, path, headers=headers, **more)


def test_a_webhook_is_seen_and_changed_by_its_owner_and_by_who_may(product: Product) -> None:
    with Receiver() as receiver:
        data = {"webhook": "w-mine", "url": receiver.url, "types": ["coaching"]}
        body = {"territory": "alencon", "data": data}
        assert ask(product, "POST", "/v1/commands/CreateWebhook", "coach-1", "coach", json=body).status_code == 201
        for path in ("/v1/webhooks/w-mine", "/v1/webhooks/w-mine/deliveries"):
            seen = {
                (actor, role): ask(product, "GET", path, actor, role).status_code
                for actor, role in (
                    ("coach-1", "coach"),
                    ("coach-2", "coach"),
                    ("coach-1", "committee"),
                    ("coord-1", "coordinator"),
                    ("dpo-1", "dpo"),
                    ("p-1", "participant"),
                )
            }
            assert list(seen.values()) == [200, 404, 404, 200, 200, 403]
        named = {"territory": "alencon", "data": {"webhook": "w-mine"}}
        for command in ("PauseWebhook", "RotateWebhookSecret", "TestWebhook", "DeleteWebhook"):
            answer = ask(product, "POST", f"/v1/commands/{command}", "coach-2", "coach", json=named)
            assert (answer.status_code, answer.json()["code"]) == (409, "webhook_unknown")
        assert ask(product, "POST", "/v1/commands/RotateWebhookSecret", "coord-1", "coordinator", json=named).status_code == 409
        assert ask(product, "POST", "/v1/commands/PauseWebhook", "coord-1", "coordinator", json=named).status_code == 201
        assert ask(product, "POST", "/v1/commands/PauseWebhook", "p-1", "participant", json=named).status_code == 403
        listed = ask(product, "GET", "/v1/webhooks", "coach-1", "coach").json()["webhooks"]
        assert [(each["webhook"], each["status"]) for each in listed] == [("w-mine", "paused")]
        assert ask(product, "GET", "/v1/webhooks", "coach-2", "coach").json() == {"webhooks": []}
