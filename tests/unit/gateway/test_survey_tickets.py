"""Answers to the survey cannot be stuffed: one for each ticket, one ticket for each moment of an exit, whoever asks and by whatever way."""

import json
import re
from collections.abc import Iterator
from random import Random
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from werkzeug.test import TestResponse

from services.vocabulary.survey_ticket import command_id
from shared.store.port import pages
from tests.harness.world import World, met
from tests.processes import this_quarter

REPLY = {"satisfied": True, "rating": 5, "domains": [], "wellbeing": True, "wants_continuation": True}
INVENTED = ["made-up", "", "k3vQ-token", f"EXIT.2024-01.alencon.{'0' * 32}.{'0' * 32}"]


def exited(world: World, person: str, territory: str = "alencon") -> None:
    """A person whose journey has ended today."""
    for name, data in (
        ("IdentifyPerson", met(person)),
        ("OpenJourney", {"person": person, "referent": "coach-1"}),
        ("ExitJourney", {"person": person, "exit_on": today(world), "reason": "DEMANDE", "outcomes": []}),
    ):
        answer = world.send(name, data, territory=territory)
        assert answer.status_code == 201, answer.text


def today(world: World) -> str:
    day: str = world.components.admission.day(world.deps.clock()).isoformat()
    return day


def ask(world: World, person: str, *, key: str = "", territory: str = "alencon", moment: str = "EXIT", **more: Any) -> TestResponse:
    body = {"territory": territory, "data": {"person": person, "rank": 1, "moment": moment}}
    return world.ask("POST", "/v1/survey-tickets", json=body, headers={"Idempotency-Key": key or str(uuid4())}, **more)


def ticket_of(answer: TestResponse) -> str:
    assert answer.status_code == 201, answer.text
    assert answer.json is not None
    return str(answer.json["ticket"])


def answer(world: World, token: str, **more: Any) -> TestResponse:
    return world.send("AnswerSurvey", {"token": token, **REPLY}, **{"role": None, **more})


def kinds(world: World) -> list[str]:
    store = world.components.store
    return [event.kind for page in pages(store, 0, store.head()) for event in page]


def test_a_survey_is_answered_with_a_ticket_and_no_login(world: World) -> None:
    exited(world, "p-1")
    ticket = ticket_of(ask(world, "p-1"))
    assert answer(world, ticket).status_code == 201
    again = answer(world, ticket)
    assert (again.status_code, again.json and again.json["code"]) == (409, "survey_already_answered")
    elsewhere = answer(world, ticket, territory="flers")
    assert (elsewhere.status_code, elsewhere.json and list(elsewhere.json["faults"])) == (422, ["token"])


def test_an_answer_sent_again_with_its_id_is_the_same_answer(world: World) -> None:
    exited(world, "p-1")
    ticket, id = ticket_of(ask(world, "p-1")), str(uuid4())
    assert answer(world, ticket, id=id).json == answer(world, ticket, id=id).json
    assert kinds(world).count("coaching.SurveyAnswered") == 1


@pytest.mark.parametrize("role", [None, "participant", "coach", "coordinator", "auditor", "system"])
def test_two_hundred_invented_tickets_change_nothing_and_are_refused_clearly(world: World, role: str | None) -> None:
    exited(world, "p-1")
    ticket, head = ticket_of(ask(world, "p-1")), world.components.store.head()
    forged = [f"{ticket[:-1]}{'0' if ticket[-1] != '0' else '1'}", ticket.replace("EXIT", "M6", 1), ticket.replace("alencon", "flers")]
    for number in range(200):
        token = (
            [*INVENTED, *forged][number] if number < len(INVENTED) + len(forged) else f"EXIT.2024-01.alencon.{uuid4().hex}.{uuid4().hex}"
        )
        refused = answer(world, token, role=role, territory="flers" if ".flers." in token else "alencon")
        assert (refused.status_code, refused.json and list(refused.json["faults"])) == (422, ["token"])
    assert world.components.store.head() == head


@pytest.mark.parametrize("role", [None, "coach", "coordinator", "system"])
def test_lines_answer_only_with_tickets_too(world: World, role: str | None) -> None:
    exited(world, "p-1")
    ticket, head = ticket_of(ask(world, "p-1")), world.components.store.head()
    invented = [line({"token": token, **REPLY}) for token in INVENTED]
    claimed = [line({"token": ticket, **REPLY}, actor={"id": "x", "role": "participant", "organisation": ""})]
    for reply in replies(world, [*invented, *claimed], role):
        assert reply.keys() & {"invalid", "forbidden"}
    assert world.components.store.head() == head
    assert [list(reply)[2] for reply in replies(world, [line({"token": ticket, **REPLY}) for _ in "12"], role)] == ["accepted", "refused"]


def line(data: dict[str, Any], **more: Any) -> str:
    return json.dumps({"id": str(uuid4()), "type": "AnswerSurvey", "territory": "alencon", "data": data, **more})


def replies(world: World, lines: list[str], role: str | None) -> Iterator[dict[str, Any]]:
    got = world.ask("POST", "/v1/commands", role=role, data="\n".join(lines), content_type="application/x-ndjson")
    yield from (json.loads(each) for each in got.data.splitlines())


def test_a_ticket_is_issued_once_and_the_same_key_gets_the_same_one(world: World) -> None:
    exited(world, "p-1")
    key = str(uuid4())
    first = ticket_of(ask(world, "p-1", key=key))
    assert ticket_of(ask(world, "p-1", key=key)) == first
    assert ask(world, "p-1", key=key, moment="M6").json["code"] == "idempotency_key_reused"  # type: ignore[index]
    other = ask(world, "p-1")
    assert (other.status_code, other.json and other.json["code"]) == (409, "survey_ticket_already_issued")
    assert kinds(world).count("coaching.SurveyTicketIssued") == 1


def test_no_other_command_passes_for_an_issue(world: World) -> None:
    world.meet("p-1")
    world.send("OpenJourney", {"person": "p-1", "referent": "coach-1"})
    key = uuid4()
    held = world.send("HoldInterview", {"person": "p-1", "mode": "VISIO", "minutes": 30}, id=str(command_id(key)))
    assert held.status_code == 201
    refused = ask(world, "p-1", key=str(key))
    assert (refused.status_code, refused.json and refused.json["code"]) == (422, "idempotency_key_reused")


def test_no_ticket_is_issued_that_nobody_holds(world: World) -> None:
    """Recorded as a mere command, it would count as handed out, and no other could be."""
    data = {"person": "p-1", "rank": 1, "moment": "EXIT"}
    direct = world.send("IssueSurveyTicket", data)
    assert direct.status_code == 409
    assert direct.json is not None
    assert direct.json["code"] == "ticket_is_handed_out"
    line = msgspec.json.encode({"id": str(uuid4()), "type": "IssueSurveyTicket", "territory": "alencon", "data": data})
    answer = world.ask("POST", "/v1/commands", data=line, headers={"Content-Type": "application/x-ndjson"})
    assert msgspec.json.decode(answer.data)["refused"]["code"] == "ticket_is_handed_out"


def test_a_ticket_is_issued_where_the_person_is_followed(world: World) -> None:
    exited(world, "p-1")
    assert ask(world, "p-1", territories=("flers",)).status_code == 403
    assert ask(world, "p-1", territory="flers", territories=("flers",)).status_code == 409
    assert ask(world, "p-1", role="committee").status_code == 403
    assert ask(world, "p-1", role=None).status_code == 401
    assert ask(world, "p-1", key="not-a-uuid").status_code == 400
    assert "coaching.SurveyTicketIssued" not in kinds(world)


def test_nothing_that_is_recorded_joins_the_answer_to_the_issue(world: World) -> None:
    """The log and the read models have neither the secret nor the ticket; the answer and the issue share no value but the public ones."""
    exited(world, "p-1")
    key = str(uuid4())
    ticket = ticket_of(ask(world, "p-1", key=key))
    assert answer(world, ticket).status_code == 201
    world.catch_up()
    store = world.components.store
    events = {event.kind: msgspec.json.encode(event).decode() for page in pages(store, 0, store.head()) for event in page}
    for trace in (key, UUID(key).hex, *ticket.split(".")[3:]):
        assert not any(trace in event for event in events.values())
    for table in world.components.settings.data.glob("read_models.sqlite*"):
        assert not any(part.encode() in table.read_bytes() for part in (key, *ticket.split(".")[3:]))
    issue, given = (values(events[kind]) for kind in ("coaching.SurveyTicketIssued", "coaching.SurveyAnswered"))
    assert {shared for shared in issue & given if len(shared) > 3} == {
        "application/json",
        "alencon",
        "/parcours/coaching",
        "EXIT",
    } & issue & given


def values(event: str) -> set[str]:
    """Every text in an event but the names of its fields."""
    return set(re.findall(r':"([^"]*)"', event))


def test_the_response_rate_is_answers_over_tickets(world: World) -> None:
    for number in range(4):
        exited(world, f"p-{number}")
        ticket = ticket_of(ask(world, f"p-{number}"))
        if number:
            assert answer(world, ticket).status_code == 201
    page = world.get(f"/v1/indicators?territory=alencon&quarter={this_quarter()}", role="coordinator").json
    assert page is not None
    assert page["indicators"]["survey_response_rate"] == {"numerator": 3, "denominator": 4, "percent": 75}
    assert page["indicators"]["survey_satisfied"] == {"numerator": 3, "denominator": 3, "percent": 100}


def test_a_coach_reads_no_answer_and_a_coordinator_reads_it_without_a_name(world: World) -> None:
    exited(world, "p-1")
    assert answer(world, ticket_of(ask(world, "p-1"))).status_code == 201
    read = {role: world.get("/v1/events?type=coaching", role=role).json for role in ("coach", "coordinator")}
    answers = {role: [event for event in page["events"] if "SurveyAnswered" in event["type"]] for role, page in read.items() if page}
    assert [event for event in answers["coach"] if "data" in event] == []
    assert [event["actorid"] for event in answers["coordinator"]] == ["anonymous"]


@pytest.mark.parametrize("seed", range(4))
def test_there_are_never_more_answers_than_tickets(world: World, seed: int) -> None:
    """Whatever is asked, in any order: tickets for every moment, once or again, and answers with good, used, altered and invented ones."""
    rng = Random(seed)
    keys, tickets = [str(uuid4()) for _ in range(6)], [f"EXIT.2024-01.alencon.{'0' * 32}.{'0' * 32}"]
    for person in ("p-1", "p-2"):
        exited(world, person)
    for _ in range(60):
        person, moment = rng.choice(("p-1", "p-2", "p-3")), rng.choice(("EXIT", "M3", "M6"))
        territory = rng.choice(("alencon", "alencon", "flers"))
        if rng.random() < 0.3:
            issued = ask(world, person, key=rng.choice(keys), moment=moment, territory=territory)
            tickets += [issued.json["ticket"]] if issued.status_code == 201 and issued.json else []
        else:
            ticket = rng.choice(tickets)
            altered = ticket if rng.random() < 0.5 else ticket.replace(ticket.split(".")[0], moment, 1)
            answer(world, altered, role=rng.choice((None, "coach", "system")), territory=territory)
        recorded = kinds(world)
        assert recorded.count("coaching.SurveyAnswered") <= recorded.count("coaching.SurveyTicketIssued") <= 2
