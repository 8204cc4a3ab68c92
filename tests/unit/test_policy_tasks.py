"""What a policy is refused is somebody's task: it has a reason, is tried again when the reason is gone, and ends."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from structlog.contextvars import clear_contextvars, get_contextvars

from services.bootstrap.composition import Components
from services.bootstrap.registry import SERVICES
from shared.message import EventMessage
from tests.harness.world import World, met

DAY = "2024-03-{:02}T10:00:00+01:00"
SENT = {"orientation": "o-1", "person": "p-1", "kind": "CCAS", "needs": [], "urgency": False, "consent": True}
LEFT = {"person": "p-1", "exit_on": "2024-03-02", "reason": "DEMANDE", "outcomes": []}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.components.store.close()


def give(world: World, name: str, data: dict[str, Any], day: int, **more: Any) -> None:
    role = more.pop("role", "coach")
    json = {"territory": "alencon", "data": data, "time": DAY.format(day)}
    answer = world.ask(
        "POST",
        f"/v1/commands/{name}",
        json=json,
        headers={"Idempotency-Key": f"00000000-0000-0000-0000-0000000000{day:02}"},
        role=role,
        **more,
    )
    assert answer.status_code == 201, answer.text


def react(components: Components) -> None:
    """Run the policies of all services on the whole log, until nothing new follows."""
    handled = 0
    while events := components.store.read_all(handled):
        for event in events:
            for name in SERVICES:
                components.policy_runner(name).react(event)
            handled = event.position


def of_kind(components: Components, kind: str) -> list[EventMessage]:
    return [event for event in components.store.read_all(0) if event.kind == kind]


@pytest.fixture
def refused(world: World) -> World:
    """An orientation is accepted on a day on which no journey can open: the exit was corrected to a later one after the renewal."""
    give(world, "IdentifyPerson", met("p-1"), 1)
    give(world, "OpenJourney", {"person": "p-1", "referent": "coach-1"}, 2)
    give(world, "ExitJourney", LEFT, 3)
    give(world, "GrantRenewal", {"person": "p-1"}, 4, role="coordinator")
    give(world, "CorrectExit", LEFT | {"exit_on": "2024-03-20", "why": "SAISIE"}, 21)
    give(world, "ReceiveOrientation", SENT, 5, role="prescriber", organisation="ccas")
    give(world, "AcceptOrientation", {"orientation": "o-1", "referent": "coach-2"}, 6)
    react(world.components)
    return world


class Lines(logging.Handler):
    """What is known of the work under way at each line of a log."""

    def __init__(self) -> None:
        super().__init__()
        self.known: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.known.append({"event": record.getMessage(), **get_contextvars()})


def test_a_line_about_a_command_of_a_policy_names_its_cause_and_the_position_of_it(world: World) -> None:
    give(world, "IdentifyPerson", met("p-1"), 1)
    give(world, "ReceiveOrientation", SENT, 5, role="prescriber", organisation="ccas")
    give(world, "AcceptOrientation", {"orientation": "o-1", "referent": "coach-2"}, 6)
    clear_contextvars()  # of the requests, which were made in this thread
    (cause,) = of_kind(world.components, "intake.OrientationAccepted")
    lines, logger = Lines(), logging.getLogger("shared.command_counts")
    logger.addHandler(lines)
    logger.setLevel(logging.INFO)
    try:
        world.components.policy_runner("coaching").react(cause)
    finally:
        logger.removeHandler(lines)
        logger.setLevel(logging.NOTSET)
    (line,) = (line for line in lines.known if line["event"].startswith("OpenJourney"))
    (opened,) = of_kind(world.components, "coaching.JourneyOpened")
    assert line == {
        "event": "OpenJourney: accepted",
        "command_id": str(opened.commandid),
        "causation_id": str(cause.id),
        "correlation_id": cause.correlationid,
        "position": cause.position,
        "traceparent": cause.traceparent,
    }
    assert get_contextvars() == {}


def tasks(world: World, query: str = "", **more: Any) -> list[dict[str, Any]]:
    answer = world.get(f"/v1/tasks{query}", **more)
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    found: list[dict[str, Any]] = answer.json["items"]
    return found


def test_a_refused_policy_is_one_task_with_its_reason(refused: World) -> None:
    react(refused.components)  # a redelivery makes no second one
    (task,) = tasks(refused, territories=("alencon",))
    assert (task["code"], task["person"], task["territory"]) == ("renewal_not_granted", "p-1", "alencon")
    assert task["what"] == "Ouvrir le parcours de la personne dont l’orientation est acceptée."
    assert task["why"] == "Un nouveau parcours demande un renouvellement accordé."


def test_a_task_is_read_where_it_stands(refused: World) -> None:
    assert tasks(refused, territories=("flers",)) == []
    assert len(tasks(refused, role="coordinator")) == 1
    for role in ("committee", "partner", "prescriber", "funder"):
        assert refused.get("/v1/tasks", role=role).status_code == 403


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?territory=alencon", 1),
        ("?territory=flers", 0),
        ("?person=p-1", 1),
        ("?person=p-2", 0),
        ("?code=renewal_not_granted", 1),
        ("?limit=1", 1),
    ],
)
def test_tasks_are_a_list_with_filters_and_pages(refused: World, query: str, found: int) -> None:
    assert len(tasks(refused, query, role="coordinator")) == found


def test_a_policy_is_tried_again_as_of_now_and_its_task_ends(refused: World) -> None:
    """The time of the event is before the exit, the time of the retry after it."""
    (task,) = tasks(refused)
    give(refused, "RetryTask", {"task": task["id"]}, 22)
    react(refused.components)
    assert tasks(refused) == []
    assert [msgspec.json.decode(event.data)["rank"] for event in of_kind(refused.components, "coaching.JourneyOpened")] == [1, 2]
    react(refused.components)
    assert len(of_kind(refused.components, "reporting.TaskCompleted")) == 1


def test_a_task_whose_policy_is_refused_again_stays_open(refused: World) -> None:
    (task,) = tasks(refused)
    give(refused, "RetryTask", {"task": task["id"]}, 10)
    react(refused.components)
    (again,) = tasks(refused)
    assert again["id"] == task["id"]
    assert (again["retried_on"], again["refused_on"]) == ("2024-03-10", "2024-03-10")
    react(refused.components)  # a redelivery refuses no second time
    assert len(of_kind(refused.components, "reporting.RetryRefused")) == 1


def test_the_page_says_that_a_retry_was_refused_and_why(refused: World) -> None:
    (task,) = tasks(refused)
    give(refused, "RetryTask", {"task": task["id"]}, 10)
    assert "sans réponse pour l’instant" in refused.get("/taches").text
    give(refused, "DestroyPersonKey", {"person": "p-1", "basis": "DEMANDE"}, 9, role="dpo")
    react(refused.components)
    page = refused.get("/taches").text
    assert "et refusé de nouveau" in page
    assert "Cette fiche est fermée pour effacement" in page
    give(refused, "RetryTask", {"task": task["id"]}, 11)
    assert "sans réponse pour l’instant" in refused.get("/taches").text


def test_what_was_done_is_said(refused: World) -> None:
    (task,) = tasks(refused)
    form = {"task": task["id"], "territory": "alencon", "id": "00000000-0000-0000-0000-000000000099", "button": "done"}
    for note in ("", "   "):
        answer = refused.ask("POST", "/taches", data=form | {"note": note})
        assert answer.status_code == 422
        assert "Dites ce qui a été fait." in answer.text
    assert len(tasks(refused)) == 1
    assert refused.send("CompleteTask", {"task": task["id"]}).json["code"] == "task_without_note"  # type: ignore[index]  # a problem


def test_somebody_says_on_the_page_that_it_is_done(refused: World) -> None:
    page = refused.get("/taches")
    assert "Ouvrir le parcours de la personne" in page.text
    (task,) = tasks(refused)
    form = {
        "task": task["id"],
        "territory": "alencon",
        "id": "00000000-0000-0000-0000-000000000099",
        "button": "done",
        "note": "Vu avec elle.",
    }
    answer = refused.ask("POST", "/taches", data=form, headers={"Origin": "http://127.0.0.1:8000"})
    assert answer.status_code == 303, answer.text
    assert "Rien n’attend personne" in refused.get(answer.headers["Location"]).text
    assert tasks(refused) == []
    twice = refused.ask(
        "POST", "/taches", data=form | {"id": "00000000-0000-0000-0000-000000000098"}, headers={"Origin": "http://127.0.0.1:8000"}
    )
    assert "Cette tâche est déjà faite." in twice.text
