"""Webhooks through the gateway: secrets are shown once, positions are not told to who may not know them, and the documents are true."""

from typing import Any
from uuid import uuid4

import jsonschema_rs
import msgspec
import pytest

from services.webhooks.delivery.sender import Sender
from shared.time import now
from tests.harness.world import World

URL = "https://hooks.example/a"


@pytest.fixture
def world(world: World) -> World:
    world.components.webhook_targets.resolve = lambda host, port: ["93.184.216.34"]
    return world


def create(world: World, webhook: str = "w-1", role: str = "coach", id: str = "", **data: Any) -> dict[str, Any]:
    answer = world.send("CreateWebhook", {"webhook": webhook, "url": URL, **data}, role=role, id=id)
    assert answer.status_code == 201, answer.text
    return dict(answer.json or {})


def test_a_secret_is_in_the_answer_and_nowhere_else(world: World) -> None:
    key = str(uuid4())
    created = create(world, id=key)
    assert created["secret"].startswith("whsec_")
    assert create(world, id=key) == created  # the answer may have been lost
    rotated = world.send("RotateWebhookSecret", {"webhook": "w-1"}).json or {}
    assert rotated["secret"].startswith("whsec_")
    assert rotated["secret"] != created["secret"]
    paused = world.send("PauseWebhook", {"webhook": "w-1"}).json or {}
    assert "secret" not in paused
    readings = [world.get(path).text for path in ("/v1/webhooks", "/v1/webhooks/w-1", "/v1/webhooks/w-1/deliveries")]
    readings += [world.get("/v1/events", role=role).text for role in ("coordinator", "auditor")]
    assert [text for text in readings if "whsec_" in text] == []
    assert (world.get("/v1/webhooks/w-1").json or {})["secret_version"] == 2


def test_a_key_of_another_command_shows_no_secret(world: World) -> None:
    key = str(uuid4())
    create(world, id=key)
    answer = world.send("CreateWebhook", {"webhook": "w-1", "url": URL}, id=key, actor="coach-2")
    assert (answer.status_code, (answer.json or {})["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize("role", ["committee", "funder", "prescriber", "partner"])
def test_who_hears_hints_learns_no_position_from_a_webhook(world: World, role: str) -> None:
    """Otherwise pausing and resuming would count what is recorded in between."""
    world.meet()
    for command, data in (
        ("CreateWebhook", {"webhook": "w-1", "url": URL}),
        ("PauseWebhook", {"webhook": "w-1"}),
        ("TestWebhook", {"webhook": "w-1"}),
    ):
        answer = world.send(command, data, role=role)
        assert (answer.status_code, (answer.json or {})["position"], answer.headers["Parcours-Position"]) == (201, 0, "0")
        world.meet()
    found = world.get("/v1/webhooks/w-1", role=role).json or {}
    assert found["position"] is None
    assert [each["position"] for each in (world.get("/v1/webhooks", role=role).json or {})["webhooks"]] == [None]
    assert (world.get("/v1/webhooks/w-1", role="coordinator").json or {})["position"] > 0


def test_a_reader_of_events_knows_how_far_a_webhook_has_got(world: World) -> None:
    answer = create(world)
    assert answer["position"] == (world.get("/v1/webhooks/w-1").json or {})["position"]


def test_no_command_of_a_webhook_is_one_of_many_lines(world: World) -> None:
    line = {"id": str(uuid4()), "type": "CreateWebhook", "territory": "alencon", "data": {"webhook": "w-1", "url": URL}}
    answer = world.ask("POST", "/v1/commands", data=msgspec.json.encode(line), headers={"Content-Type": "application/x-ndjson"})
    assert msgspec.json.decode(answer.data)["refused"]["code"] == "webhook_command_alone"
    assert world.get("/v1/webhooks").json == {"webhooks": []}


def test_what_was_done_with_webhooks_is_read_by_who_may_read_all_of_them(world: World) -> None:
    create(world, territories=["alencon"])
    for role, count in (("coach", 0), ("coordinator", 1), ("auditor", 1), ("dpo", 1), ("prescriber", 0)):
        events = (world.get("/v1/events?type=webhooks", role=role).json or {})["events"]
        assert len(events) == count, role


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"types": ["coaching.JourneyClosed"]}, "types.0"),
        ({"types": ["nothing"]}, "types.0"),
        ({"territories": ["paris"]}, "territories.0"),
        ({"url": "http://hooks.example/"}, "url"),
        ({"url": "https://hooks.example:22/"}, "url"),
        ({"after": -1}, "after"),
    ],
)
def test_what_is_wrong_is_said_under_its_field(world: World, data: dict[str, Any], field: str) -> None:
    answer = world.send("CreateWebhook", {"webhook": "w-1", "url": URL, **data})
    assert (answer.status_code, list((answer.json or {})["faults"])) == (422, [field])


def test_types_are_named_as_in_the_feed(world: World) -> None:
    types = ["coaching", "intake.PersonIdentified", "fr.parcours.coaching.JourneyOpened", "reporting.FiguresChanged"]
    create(world, types=types, territories=["alencon", "all"])
    assert (world.get("/v1/webhooks/w-1").json or {})["types"] == types


def test_the_documents_say_what_is_sent(world: World) -> None:
    create(world, role="coordinator")
    world.meet("p-1")
    world.send("TestWebhook", {"webhook": "w-1"}, role="coordinator")
    sent: list[tuple[dict[str, str], bytes]] = []

    def post(target: object, headers: Any, body: bytes) -> int:
        sent.append((dict(headers), body))
        return 204

    parts = world.components.webhook_worker().parts
    sender = Sender("w-1", type(parts)(**{**vars(parts), "post": post, "clock": now}), lambda: True)
    while sender.step() == 0:
        pass
    assert len(sent) >= 2
    openapi, asyncapi = (world.get(path, role=None).json or {} for path in ("/openapi.json", "/asyncapi.json"))
    operation = openapi["webhooks"]["message"]["post"]
    message = asyncapi["components"]["messages"]["webhook"]
    named = {each["name"] for each in operation["parameters"]}
    for headers, body in sent:
        assert named == set(headers) - {"Content-Type"}
        assert [headers["Content-Type"]] == list(operation["requestBody"]["content"])
        content = operation["requestBody"]["content"][headers["Content-Type"]]
        for schema, document in ((content["schema"], openapi), (message["payload"], asyncapi)):
            jsonschema_rs.validator_for({**schema, "components": document["components"]}).validate(msgspec.json.decode(body))
        jsonschema_rs.validator_for(message["headers"]).validate(headers)
