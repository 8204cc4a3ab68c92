"""What a sender of commands over HTTP can rely on."""

import json
from uuid import uuid4

import pytest

from services.bootstrap.registry import SERVICES
from tests.harness.world import World, met


def test_an_accepted_command_says_its_position(world: World) -> None:
    answer = world.send("IdentifyPerson", met("p-1"))
    assert answer.status_code == 201
    assert answer.json is not None
    assert answer.json["events"] == ["PersonIdentified"]
    assert answer.headers["Parcours-Position"] == str(answer.json["position"])


def test_the_same_id_gives_the_same_answer_and_records_once(world: World) -> None:
    first, again = (world.send("IdentifyPerson", met("p-1"), id="6d4ff2a6-4d6c-4b0e-9c0c-5f7e0b6f0a11") for _ in range(2))
    assert first.json == again.json
    assert len(world.components.store.read_stream("person-p-1")) == 1


def test_another_command_under_the_same_id_is_refused_and_not_swallowed(world: World) -> None:
    id = str(uuid4())
    assert world.send("IdentifyPerson", met("p-1"), id=id).status_code == 201
    answer = world.send("IdentifyPerson", met("p-1") | {"place": "Gare"}, id=id)
    assert (answer.status_code, answer.json and answer.json["code"]) == (422, "idempotency_key_reused")
    lines = [json.dumps({"id": id, "type": "IdentifyPerson", "territory": "alencon", "data": met("p-1") | {"place": "Gare"}})]
    replies = world.ask("POST", "/v1/commands", data="\n".join(lines), content_type="application/x-ndjson")
    assert json.loads(replies.data)["refused"]["code"] == "idempotency_key_reused"


def test_every_fault_is_said_at_once_under_its_field(world: World) -> None:
    answer = world.send("IdentifyPerson", {"person": "p-1", "channel": "FUSEE", "colour": "red"})
    assert answer.status_code == 422
    assert answer.content_type.startswith("application/problem+json")
    assert answer.json is not None
    assert set(answer.json["faults"]) == {"channel", "colour", "place", "radar"}


def test_a_refusal_has_a_stable_code_and_is_said_in_french(world: World) -> None:
    answer = world.send("HoldInterview", {"person": "p-1", "mode": "VISIO", "minutes": 30})
    assert answer.status_code == 409
    assert answer.json is not None
    assert answer.json["code"] == "journey_not_open"
    assert answer.json["detail"] == SERVICES["coaching"].refusals["journey_not_open"]


def test_a_command_needs_an_id(world: World) -> None:
    answer = world.ask("POST", "/v1/commands/IdentifyPerson", json={"territory": "alencon", "data": met("p-1")})
    assert (answer.status_code, answer.json and answer.json["code"]) == (400, "idempotency_key_needed")


@pytest.mark.parametrize(
    "claim",
    [{"actor": {"id": "other", "role": "coordinator", "organisation": "etape"}}, {"recorded_time": "2024-05-01T10:00:00+02:00"}],
)
def test_nobody_speaks_for_another_or_rewrites_history(world: World, claim: dict[str, object]) -> None:
    body = {"territory": "alencon", "data": met("p-1"), **claim}
    answer = world.ask("POST", "/v1/commands/IdentifyPerson", json=body, headers={"Idempotency-Key": str(uuid4())})
    assert answer.status_code == 422
    assert world.calls == []


def test_a_coach_acts_only_where_they_work(world: World) -> None:
    assert world.send("IdentifyPerson", met("p-1"), territories=("flers",)).status_code == 403


def test_without_a_session_nothing_is_asked_of_any_service(world: World) -> None:
    assert world.send("IdentifyPerson", met("p-1"), role=None).status_code == 401
    assert world.calls == []


def test_a_service_that_is_away_may_be_asked_again_with_the_same_id(world: World) -> None:
    world.away.add("intake")
    answer = world.send("IdentifyPerson", met("p-1"))
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert answer.json is not None
    assert answer.json["retry"] == "same_id"


def test_lines_are_answered_in_order_each_with_its_own_outcome(world: World) -> None:
    world.away.add("referrals")
    asked = [
        line("IdentifyPerson", met("p-1")),
        "not json",
        line("IdentifyPerson", met("p-1")),
        line("OpenJourney", {"person": "p-1", "referent": "coach-1"}),
        line("NoSuchThing", {}),
        line("IdentifyPerson", {"person": "p-2"}),
        line("ListPartner", {"partner": "x", "label": "X", "services": []}, role="coach"),
        line("MergePersons", {"kept": "p-1", "merged": "p-3"}),
    ]
    answer = world.ask("POST", "/v1/commands", data="\n".join(asked), content_type="application/x-ndjson")
    replies = [json.loads(each) for each in answer.data.splitlines()]
    assert [reply["line"] for reply in replies] == list(range(1, 9))
    outcomes = [next(key for key in reply if key not in {"line", "id", "problem"}) for reply in replies]
    assert outcomes == ["accepted", "invalid", "refused", "accepted", "invalid", "invalid", "unavailable", "forbidden"]


def line(name: str, data: dict[str, object], **_: str) -> str:
    return json.dumps({"id": str(uuid4()), "type": name, "territory": "alencon", "data": data})
