"""Figures as of a moment of the past, and why they changed since, as readers ask for them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.time import now
from tests.harness.world import World
from tests.processes import this_quarter

QUARTER = this_quarter()
ASKED = f"territory=alencon&quarter={QUARTER}"


def read(world: World, path: str, role: str = "coordinator", status: int = 200) -> Any:
    answer = world.get(path, role=role, territories=("alencon",))
    assert answer.status_code == status, answer.text
    return answer.json


def met(world: World, as_of: object) -> Any:
    return read(world, f"/v1/indicators?{ASKED}&as-of={as_of}")["indicators"]["people_met"]["value"]


def test_a_figure_is_read_as_of_a_position_an_instant_and_a_day(world: World) -> None:
    first = world.meet("p-1")
    between = now()
    last = world.meet("p-2")
    assert [met(world, first), met(world, last)] == [1, 2]
    assert met(world, between.isoformat().replace("+", "%2B")) == 1
    assert met(world, now().date()) == 2
    assert met(world, first - 1) == 0


def test_the_history_of_a_figure_and_the_page_are_read_as_of_a_moment(world: World) -> None:
    first = world.meet("p-1")
    world.meet("p-2")
    trend = read(world, f"/v1/indicators/people_met/history?territory=alencon&as-of={first}")["trend"]
    assert trend[-1]["cell"] == {"value": 1}
    page = world.get(f"/coter/alencon/{QUARTER}?au={first}", role="coordinator").text
    assert "Chiffres tels qu’ils étaient connus à la position" in page
    assert "data-live" not in page  # what is recorded from now on changes nothing of it


def test_the_facts_under_a_figure_are_read_as_of_a_moment_with_their_events(world: World) -> None:
    first = world.meet("p-1")
    world.meet("p-2")
    path = f"/v1/indicators/people_met/evidence?{ASKED}"
    then = read(world, f"{path}&as-of={first}")
    assert (then["count"], [fact["positions"] for fact in then["facts"]]) == (1, [[first]])
    assert read(world, path)["count"] == 2
    page = world.get(f"/coter/alencon/{QUARTER}/people_met?au={first}", role="coordinator").text
    assert page.count('data-label="Personne"') == 1
    assert f'href="/evenement/{first}"' in page
    assert "tels qu’ils étaient connus à ce moment-là" in page


def test_a_committee_reads_no_facts_as_of_a_moment_and_the_count_that_was_closed_then(world: World) -> None:
    for _ in range(6):
        world.meet()
    reports = world.components.reports
    assert reports.closed
    reports.closed.clock = lambda: datetime(2099, 1, 1, tzinfo=UTC)
    path = f"/v1/indicators/people_met/evidence?{ASKED}"
    closed, then = (read(world, f"{path}{as_of}", role="committee") for as_of in ("", f"&as-of={now().date()}"))
    assert (closed["count"], closed["facts"]) == (6, [])
    assert (then["count"], then["facts"]) == (None, [])
    assert "il est montré au comité à partir du" in page_of(world, now().date())


def page_of(world: World, as_of: object) -> str:
    return world.get(f"/coter/alencon/{QUARTER}/people_met?au={as_of}", role="committee", territories=("alencon",)).text


@pytest.mark.parametrize("as_of", ["999999999", "2024-02-31", "x", "2024-13-01", "2024-05-01T12:00", ""])
def test_a_moment_that_is_none_is_never_ignored(world: World, as_of: str) -> None:
    world.meet()
    paths = (f"/v1/indicators?{ASKED}&as-of={as_of}", f"/v1/indicators/people_met/evidence?{ASKED}&as-of={as_of}")
    for path in (*paths, f"/v1/changes?{ASKED}&since={as_of}", f"/coter/alencon/{QUARTER}?au={as_of}"):
        assert world.get(path, role="coordinator").status_code == 400, path


def test_a_committee_is_not_told_how_far_the_log_goes_nor_what_will_close(world: World) -> None:
    world.meet()
    for as_of in ("1", "999999999", "2099-01-01"):
        answer = read(world, f"/v1/indicators?{ASKED}&as-of={as_of}", role="committee")
        assert "il est montré au comité à partir du" in answer["indicators"]["people_met"]["masked"]


def test_a_committee_reads_as_of_a_day_before_a_closing_what_was_closed_then(world: World) -> None:
    for _ in range(6):
        world.meet()
    reports = world.components.reports
    assert reports.closed
    reports.closed.clock = lambda: datetime(2099, 1, 1, tzinfo=UTC)
    before, today = (now() - timedelta(days=1)).date(), now().date()
    closed = read(world, f"/v1/indicators?{ASKED}", role="committee")
    assert closed["indicators"]["people_met"] == {"value": 6}
    assert "masked" in read(world, f"/v1/indicators?{ASKED}&as-of={today}", role="committee")["indicators"]["people_met"]
    nothing = read(world, f"/v1/indicators?{ASKED}&as-of={before}", role="committee", status=409)
    assert nothing["code"] == "definitions_none"


def test_each_event_that_moved_a_figure_is_told_with_its_sentence(world: World) -> None:
    since = world.meet("p-1")
    until = world.meet("p-2")
    world.meet("p-3")
    changes = read(world, f"/v1/changes?{ASKED}&since={since}&until={until}")
    figures = {figure["indicator"]: (figure["before"], figure["after"]) for figure in changes["figures"]}
    assert figures["people_met"] == ({"value": 1}, {"value": 2})
    (item,) = changes["items"]
    assert item["position"] == until
    assert item["sentence"] == "Rencontrée dans la rue. Situation : inscrite nulle part."  # where she was met is free text: not for figures
    assert {"indicator": "people_met", "side": "numerator", "territory": "alencon", "change": 1, "amount": None} in item["moves"]


def test_changes_come_page_by_page(world: World) -> None:
    since = world.meet("p-0")
    positions = [world.meet(f"p-{number}") for number in range(1, 6)]
    found, cursor = [], ""
    while True:
        page = read(world, f"/v1/changes?{ASKED}&since={since}&limit=2{cursor}")
        found += [item["position"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert found == positions


def test_changes_are_for_readers_of_exact_figures(world: World) -> None:
    since = world.meet()
    for role, status in (("coordinator", 200), ("auditor", 200), ("committee", 403), ("funder", 403), ("partner", 403)):
        read(world, f"/v1/changes?{ASKED}&since={since}", role=role, status=status)
    assert world.get(f"/coter/alencon/{QUARTER}/changements?depuis={since}", role="committee").status_code == 403


def test_the_first_moment_comes_first(world: World) -> None:
    first, last = world.meet(), world.meet()
    assert read(world, f"/v1/changes?{ASKED}&since={last}&until={first}", status=400)["code"] == "moments_reversed"
