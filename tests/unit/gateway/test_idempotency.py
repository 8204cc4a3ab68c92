"""An idempotency key belongs to one command, with its body, in its territory, of one actor."""

import json
from itertools import product
from typing import Any
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from services.gateway.http_app import HttpApp
from shared.errors import Unavailable
from tests.harness.world import World, met

ONE = "6d4ff2a6-4d6c-4b0e-9c0c-5f7e0b6f0a11"
SAME = ("command", "body", "actor", "territory")
ACTORS = {True: "coach-1", False: "coach-2"}
ALL_THE_SAME = dict.fromkeys(SAME, True)
MATRIX = [dict(zip(SAME, same, strict=True)) for same in product([True, False], repeat=len(SAME))]


def asked(same: dict[str, bool], persons: tuple[str, str]) -> dict[str, Any]:
    """The first command, or another one in what is not the same."""
    name = "IdentifyPerson" if same["command"] else "OpenJourney"
    person = persons[0] if same["body"] else persons[1]
    data = {name: value for name, value in met(person).items() if value} if same["command"] else {"person": person, "referent": "coach-1"}
    return {"type": name, "territory": "alencon" if same["territory"] else "flers", "data": data}


def alone(world: World, key: str, same: dict[str, bool], persons: tuple[str, str]) -> str:
    command = asked(same, persons)
    answer = world.send(command["type"], command["data"], id=key, territory=command["territory"], actor=ACTORS[same["actor"]])
    assert answer.json
    assert answer.status_code == {"idempotency_key_reused": 422}.get(answer.json.get("code", ""), 201), answer.json
    return str(answer.json.get("code", "accepted"))


def in_a_line(world: World, key: str, same: dict[str, bool], persons: tuple[str, str]) -> str:
    answer = world.ask(
        "POST",
        "/v1/commands",
        data=json.dumps({"id": key, **asked(same, persons)}),
        content_type="application/x-ndjson",
        actor=ACTORS[same["actor"]],
    )
    (reply,) = [json.loads(line) for line in answer.data.splitlines()]
    return str(reply.get("refused", {"code": "accepted"})["code"])


def in_a_form(world: World, key: str, same: dict[str, bool], persons: tuple[str, str]) -> str:
    command = asked(same, persons)
    sent = {"id": key, "territory": command["territory"], **command["data"]}
    answer = world.ask("POST", f"/saisie/{command['type']}", data=sent, actor=ACTORS[same["actor"]])
    assert answer.status_code in {303, 422}, answer.text
    return "accepted" if answer.status_code == 303 else "idempotency_key_reused"


WAYS = {"alone": alone, "in a line": in_a_line, "in a form": in_a_form}


@pytest.mark.parametrize("again", WAYS)
@pytest.mark.parametrize("first", WAYS)
def test_a_key_belongs_to_one_command_of_one_actor(world: World, first: str, again: str) -> None:
    for same in MATRIX:
        key, persons = str(uuid4()), (str(uuid4()), str(uuid4()))
        assert WAYS[first](world, key, ALL_THE_SAME, persons) == "accepted"
        head = world.components.store.head()
        expected = "accepted" if same == ALL_THE_SAME else "idempotency_key_reused"
        assert WAYS[again](world, key, same, persons) == expected, same
        assert world.components.store.head() == head


@pytest.mark.parametrize("way", WAYS)
def test_the_log_knows_the_keys_of_a_stream_after_the_gateway_was_started_again(world: World, way: str) -> None:
    """The same person, in another territory or by another actor: `test_command_endpoint.py` has the other bodies."""
    for same in MATRIX:
        if same["command"] and same["body"]:
            key, persons = str(uuid4()), (str(uuid4()), str(uuid4()))
            assert WAYS[way](world, key, ALL_THE_SAME, persons) == "accepted"
            world.components.gateway_records.forget(2**40)
            expected = "accepted" if same == ALL_THE_SAME else "idempotency_key_reused"
            assert WAYS[way](world, key, same, persons) == expected, same


def under(world: World, key: str | None, person: str = "p-1") -> TestResponse:
    headers = {} if key is None else {"Idempotency-Key": key}
    return world.ask("POST", "/v1/commands/IdentifyPerson", json={"territory": "alencon", "data": met(person)}, headers=headers)


def test_a_quoted_key_is_the_same_key(world: World) -> None:
    key = str(uuid4())
    first = under(world, f'"{key}"')
    assert first.status_code == 201
    assert [under(world, other).json for other in (key, f' "{key.upper()}" ')] == [first.json] * 2


@pytest.mark.parametrize("key", [None, "", "  "])
def test_a_key_that_is_missing_is_asked_for(world: World, key: str | None) -> None:
    answer = under(world, key)
    assert (answer.status_code, answer.json and answer.json["code"]) == (400, "idempotency_key_needed")


@pytest.mark.parametrize("key", ["x", '"x"', '"', f'"{ONE}', f"{ONE}, {ONE}", f'"{ONE}", "{ONE}"', f"{ONE};a=1", "é"])
def test_a_malformed_key_is_a_problem(world: World, key: str) -> None:
    answer = under(world, key)
    assert (answer.status_code, answer.json and answer.json["code"]) == (400, "idempotency_key_malformed")


def test_a_key_whose_command_is_under_way_is_asked_for_later(world: World) -> None:
    """The second request comes while the service decides on the first."""
    key, inside = str(uuid4()), []
    handle = world.handle

    def slowly(service: str, token: str, command: str) -> Any:
        world.handle = handle  # type: ignore[method-assign]
        inside.append(under(world, key))
        inside.append(under(world, key, person="p-2"))
        lines = [json.dumps({"id": key, "type": "IdentifyPerson", "territory": "alencon", "data": met("p-1")})]
        inside.append(world.ask("POST", "/v1/commands", data="\n".join(lines), content_type="application/x-ndjson"))
        return handle(service, token, command)

    world.handle = slowly  # type: ignore[method-assign]
    assert under(world, key).status_code == 201
    busy, other, line = inside
    assert busy.json
    assert (busy.status_code, busy.json["code"], busy.json["retry"]) == (409, "idempotency_key_in_flight", "same_id")
    assert int(busy.headers["Retry-After"]) > 0
    assert (other.status_code, other.json and other.json["code"]) == (422, "idempotency_key_reused")
    assert json.loads(line.data)["refused"]["code"] == "idempotency_key_in_flight"
    assert under(world, key).status_code == 201


def test_a_refused_command_leaves_its_key_free(world: World) -> None:
    """Nothing was recorded: the same command is decided again, as things are then, and a corrected one may take its key."""
    key = str(uuid4())
    held = {"person": "p-1", "mode": "VISIO", "minutes": 30}
    assert world.send("HoldInterview", held, id=key).status_code == 409
    world.meet("p-1")
    world.send("OpenJourney", {"person": "p-1", "referent": "coach-1"})
    assert world.send("HoldInterview", held | {"minutes": 900}, id=key).status_code == 422
    assert world.send("HoldInterview", held | {"minutes": 45}, id=key).status_code == 201
    assert world.send("HoldInterview", held, id=key).json["code"] == "idempotency_key_reused"  # type: ignore[index]


def test_a_key_whose_outcome_is_unknown_stays_with_its_command(world: World) -> None:
    key = str(uuid4())
    world.away.add("intake")
    assert under(world, key).status_code == 503
    world.away.clear()
    assert under(world, key, person="p-2").status_code == 422
    assert under(world, key).status_code == 201


def test_lines_of_one_request_may_repeat_a_key(world: World) -> None:
    """As if each came after the one before it was answered."""
    key = str(uuid4())
    wrong, right = {"id": key, "type": "IdentifyPerson", "territory": "alencon", "data": {}}, met("p-1")
    lines = [wrong, wrong | {"data": right}, wrong | {"data": right}, wrong | {"data": met("p-2")}]
    answer = world.ask("POST", "/v1/commands", data="\n".join(map(json.dumps, lines)), content_type="application/x-ndjson")
    replies = [json.loads(line) for line in answer.data.splitlines()]
    assert [next(name for name in reply if name not in {"line", "id"}) for reply in replies] == [
        "invalid",
        "accepted",
        "accepted",
        "refused",
    ]
    assert replies[3]["problem"]["status"] == 422


@pytest.mark.parametrize("way", WAYS)
def test_another_gateway_knows_what_a_key_was_used_for(world: World, way: str) -> None:
    """Also one that was started later. Commands for another person go to another stream, where the log knows nothing of the key."""
    for same in MATRIX:
        key, persons = str(uuid4()), (str(uuid4()), str(uuid4()))
        assert WAYS[way](world, key, ALL_THE_SAME, persons) == "accepted"
        another_gateway(world)
        head = world.components.store.head()
        expected = "accepted" if same == ALL_THE_SAME else "idempotency_key_reused"
        assert WAYS[way](world, key, same, persons) == expected, same
        assert world.components.store.head() == head


def another_gateway(world: World) -> None:
    world.app = HttpApp(world.deps)
    world.app.ended.refresh()


def test_a_key_is_free_again_only_when_every_request_with_it_was_refused(world: World) -> None:
    """One gateway's refusal does not take away the claim of another, whose command is still under way and may be accepted."""
    records = world.components.gateway_records
    for _ in range(2):
        assert records.claim_keys([("k", "one")], 2**40, 0) == {"k"}
    records.release_keys(["k"])
    assert records.claim_keys([("k", "other")], 2**40, 0) == set()
    records.release_keys(["k"])
    assert records.claim_keys([("k", "other")], 2**40, 0) == {"k"}


def test_without_the_records_no_command_is_handed_over(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the key is free is not known: the command may be sent again with it."""

    def away(*_: object) -> None:
        raise Unavailable("the records are away")

    head = world.components.store.head()
    monkeypatch.setattr(world.components.gateway_records, "claim_keys", away)
    key = str(uuid4())
    alone_answer = under(world, key)
    assert (alone_answer.status_code, alone_answer.json and alone_answer.json["retry"]) == (503, "same_id")
    line = json.dumps({"id": key, "type": "IdentifyPerson", "territory": "alencon", "data": met("p-1")})
    answer = world.ask("POST", "/v1/commands", data=line, content_type="application/x-ndjson")
    assert "unavailable" in json.loads(answer.data)
    assert world.components.store.head() == head
    monkeypatch.undo()
    assert under(world, key).status_code == 201
