"""The feed of figures: which figures moved, for those who may read them, once the figures can be read."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from services.gateway import stream
from services.gateway.stream_frames import KEEP_ALIVE
from tests.harness.world import World
from tests.processes import this_quarter
from tests.unit.gateway.test_feed import drained, opened, received
from tests.unit.gateway.test_survey_tickets import answer, ask, exited, ticket_of

FIGURES = "kind=figures&after=0"


def cells(message: dict[str, Any]) -> set[tuple[str, str]]:
    return {(cell["indicator"], cell["territory"]) for cell in message["cells"]}


def test_a_follower_hears_which_figures_moved_and_may_go_on_from_there(world: World) -> None:
    world.feed.start()
    first = world.meet()
    (message,) = received(opened(world, "coordinator", query=FIGURES), 1)
    assert message["type"] == "fr.parcours.reporting.FiguresMoved"
    assert message["position"] == first
    assert ("people_met", "alencon") in cells(message)
    (cell,) = [cell for cell in message["cells"] if cell["indicator"] == "people_met"]
    assert (cell["quarter"], cell["onwards"], cell["definitions"]) == (this_quarter(), True, None)
    last = world.meet()
    drained(world.feed)
    (message,) = received(opened(world, "coordinator", query="kind=figures", last=str(first)), 1)
    assert message["position"] == last


def test_it_is_told_when_the_read_models_have_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read after the message has what the message tells."""
    monkeypatch.setattr(stream, "FIGURES_WAIT_S", 0)
    world.feed.start()
    world.meet()
    world.get("/v1/quarters", role="coordinator")  # the read models are where the log is
    world.lagging = True
    position = world.meet()
    drained(world.feed)
    chunks = opened(world, "coordinator", query="kind=figures", last=str(position - 1))
    assert [next(chunks) for _ in range(3)][1:] == [KEEP_ALIVE + b"\n"] * 2
    world.lagging = False
    (message,) = received(chunks, 1)
    assert message["position"] == position


def test_figures_wait_for_a_reporting_service_that_is_away(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "FIGURES_WAIT_S", 0)
    world.feed.start()
    position = world.meet()
    world.away.add("reporting")
    chunks = opened(world, "coordinator", query=FIGURES)
    next(chunks)
    assert next(chunks) == KEEP_ALIVE + b"\n"
    world.away.clear()
    (message,) = received(chunks, 1)
    assert message["position"] == position


def test_each_hears_of_the_territories_whose_exact_figures_they_read(world: World) -> None:
    world.feed.start()
    world.meet(territory="alencon")
    world.meet(territory="flers")
    (both,) = received(opened(world, "coordinator", query=FIGURES), 1)
    assert {territory for _, territory in cells(both)} == {"alencon", "flers"}
    (filtered,) = received(opened(world, "coordinator", query=f"{FIGURES}&territory=flers"), 1)
    assert {territory for _, territory in cells(filtered)} == {"flers"}
    (own,) = received(opened(world, "coach", "flers", query=FIGURES), 1)
    assert {territory for _, territory in cells(own)} == {"flers"}


def test_a_committee_hears_hints_at_closings_and_nothing_of_what_moves(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.feed.start()
    last, end = world.meet(), world.meet()
    page = world.components.store.read_all(0)
    moved_on = {event.position: event.recordedtime + timedelta(days=100 if event.position > last else 0) for event in page}
    later = [replace(event, recordedtime=moved_on[event.position]) for event in page]
    monkeypatch.setattr(world.feed, "after", lambda position: [event for event in later if event.position > position])
    told = received(opened(world, "committee", "alencon", query=FIGURES), 1)
    assert [(message["type"], message["position"]) for message in told] == [("fr.parcours.reporting.FiguresChanged", last)]
    exact = received(opened(world, "coordinator", query=FIGURES), 1)
    assert [(message["type"], message["position"]) for message in exact] == [("fr.parcours.reporting.FiguresMoved", end)]


def test_who_hands_out_the_tickets_does_not_hear_an_answer_arrive(world: World) -> None:
    world.feed.start()
    exited(world, "p-1")
    ticket = ticket_of(ask(world, "p-1"))
    before = world.components.store.head()
    assert answer(world, ticket).status_code == 201
    world.meet()
    drained(world.feed)
    heard = {}
    for role in ("coach", "auditor"):
        (message,) = received(opened(world, role, "alencon", query="kind=figures", last=str(before)), 1)
        heard[role] = {cell["indicator"] for cell in message["cells"]}
    assert {name for name in heard["auditor"] if name.startswith("survey")} != set()
    assert {name for name in heard["coach"] if name.startswith("survey")} == set()
    assert "people_met" in heard["coach"]


def test_a_target_moves_the_gap_to_it(world: World) -> None:
    world.feed.start()
    before = world.meet(territory="alencon")
    target = {"indicator": "positive_rate", "value": 40, "from_quarter": this_quarter(), "for_territory": "flers"}
    assert world.send("SetTarget", target, role="coordinator", territory="all").status_code == 201
    drained(world.feed)
    (message,) = received(opened(world, "coach", "flers", query="kind=figures", last=str(before)), 1)
    (cell,) = message["cells"]
    assert (cell["indicator"], cell["territory"], cell["quarter"], cell["onwards"]) == ("positive_target", "flers", this_quarter(), True)


def test_figures_are_not_filtered_by_type(world: World) -> None:
    world.feed.start()
    for query in ("kind=figures&type=intake", "kind=nothing"):
        assert world.get(f"/v1/stream?{query}", role="auditor").status_code == 400


def test_a_ticket_opens_a_stream_of_figures(world: World) -> None:
    world.feed.start()
    position = world.meet()
    issued = world.ask("POST", "/v1/stream-tickets?kind=figures&after=0", role="coordinator").json
    assert issued
    response = world.get(issued["stream"], role=None).response
    (message,) = received(iter(response), 1)  # type: ignore[arg-type]  # chunks
    assert (message["type"], message["position"]) == ("fr.parcours.reporting.FiguresMoved", position)
