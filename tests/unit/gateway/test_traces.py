"""The trace of a request (W3C Trace Context) goes with its command into the events, and into those that follow from them."""

import re
from uuid import uuid4

import msgspec
import pytest
from msgspec import UNSET

from services.bootstrap.registry import SERVICES
from shared.cloud_event import cloud_event
from shared.message import EventMessage
from tests.harness.world import World, met
from tests.unit.gateway.test_survey_tickets import answer, ask, exited, ticket_of

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
GIVEN = f"00-{TRACE}"
VALID = re.compile("00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def events(world: World) -> list[EventMessage]:
    return world.components.store.read_all(0)


def traced(world: World, **headers: str) -> str:
    position = world.meet(headers=headers)
    (event,) = world.components.store.read_at([position])
    return str(event.traceparent)


def test_the_trace_of_the_caller_is_that_of_the_event(world: World) -> None:
    assert traced(world, traceparent=GIVEN) == GIVEN
    assert traced(world, traceparent=f"01-{TRACE}-later") == GIVEN
    page = world.get("/v1/events", role="auditor").json
    assert page is not None
    assert page["events"][-1]["traceparent"] == GIVEN
    assert cloud_event(events(world)[-1]).traceparent == GIVEN


@pytest.mark.parametrize(
    "odd",
    [
        "",
        "x",
        f"ff-{TRACE}",
        f"{GIVEN}-more",
        GIVEN.upper(),
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-4bf92f3577b34da6a3ce929d0e0e4736-{'0' * 16}-01",
    ],
)
def test_a_request_without_a_valid_trace_begins_one(world: World, odd: str) -> None:
    first, second = traced(world, traceparent=odd), traced(world, traceparent=odd)
    assert VALID.fullmatch(first)
    assert VALID.fullmatch(second)
    assert first != second


def test_what_follows_from_an_event_is_of_its_trace(world: World) -> None:
    traced = {"traceparent": GIVEN}
    world.meet("p-1")
    sent = {"orientation": "o-1", "person": "p-1", "kind": "CCAS", "needs": [], "urgency": False, "consent": True}
    assert world.send("ReceiveOrientation", sent, role="prescriber", organisation="ccas", headers=traced).status_code == 201
    accepted = {"orientation": "o-1", "referent": "coach-1"}
    assert world.send("AcceptOrientation", accepted, headers=traced).status_code == 201
    for event in events(world):
        for name in SERVICES:
            world.components.policy_runner(name).react(event)
    (opened,) = (event for event in events(world) if event.kind == "coaching.JourneyOpened")
    assert opened.traceparent == GIVEN


def test_nothing_leads_from_an_answer_to_the_survey_to_a_request(world: World) -> None:
    exited(world, "p-1")
    ticket = ticket_of(ask(world, "p-1"))
    assert answer(world, ticket, headers={"traceparent": GIVEN}).status_code == 201
    (answered,) = (event for event in events(world) if event.kind == "coaching.SurveyAnswered")
    assert answered.traceparent is UNSET


def test_a_retry_in_another_trace_gets_the_first_answer(world: World) -> None:
    key = str(uuid4())
    first = world.send("IdentifyPerson", met("p-1"), id=key, headers={"traceparent": GIVEN})
    again = world.send("IdentifyPerson", met("p-1"), id=key)
    assert (first.status_code, again.json) == (201, first.json)


def test_a_line_may_name_its_own_trace(world: World) -> None:
    line = {"id": str(uuid4()), "type": "IdentifyPerson", "territory": "alencon", "data": met("p-1"), "traceparent": GIVEN}
    lines = msgspec.json.encode(line) + b"\n" + msgspec.json.encode({**line, "id": str(uuid4()), "traceparent": "x"})
    answer = world.ask("POST", "/v1/commands", data=lines, headers={"Content-Type": "application/x-ndjson"})
    first, second = map(msgspec.json.decode, answer.data.splitlines())
    assert "accepted" in first
    assert "traceparent" in second["invalid"]
    assert events(world)[-1].traceparent == GIVEN
