"""What readers of masked figures see does not move: a quarter is shown when it closes, as it was known then."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from msgspec.structs import replace

from services.reporting.answers import BandCell, MaskedCell, ValueCell
from services.reporting.indicators.figure import Figure
from services.reporting.queries.closed import ClosedQuarter
from services.reporting.queries.figures import FigureSet
from services.reporting.queries.masked_figures import MaskedFigures
from tests.harness.world import World, met
from tests.processes import this_quarter

SPRING = "2024-05-01T10:00:00+02:00"  # of a quarter that is closed


def people_met(world: World, role: str, quarter: str, town: str = "alencon") -> Any:
    answer = world.get(f"/v1/indicators?territory={town}&quarter={quarter}", role=role, territories=("alencon",)).json
    assert answer is not None
    return answer["indicators"]["people_met"]


def meet_in_spring(world: World, people: int) -> None:
    for number in range(people):
        body = {"territory": "alencon", "time": SPRING, "data": met(f"spring-{number}")}
        answer = world.ask("POST", "/v1/commands/IdentifyPerson", json=body, headers={"Idempotency-Key": str(uuid4())})
        assert answer.status_code == 201, answer.text


def test_a_closed_quarter_stays_as_it_was_known_at_its_closing(world: World) -> None:
    meet_in_spring(world, 6)
    assert people_met(world, "coordinator", "2024-Q2") == {"value": 6}
    assert people_met(world, "committee", "2024-Q2") == {"value": 0}


def test_a_quarter_is_shown_from_its_closing_on(world: World) -> None:
    for _ in range(6):
        world.meet()
    quarter = this_quarter()
    assert "il est montré au comité à partir du" in people_met(world, "committee", quarter)["masked"]
    reports = world.components.reports
    assert reports.closed
    reports.closed.clock = lambda: datetime(2099, 1, 1, tzinfo=UTC)
    assert people_met(world, "committee", quarter) == {"value": 6}
    world.meet()
    assert people_met(world, "committee", quarter) == {"value": 6}  # it was counted at its closing


def test_the_whole_programme_is_masked_for_who_reads_one_town(world: World) -> None:
    meet_in_spring(world, 6)
    assert people_met(world, "coach", "2024-Q2", "all") == {"value": 0}


def test_another_version_shows_what_it_does_not_change_and_hides_the_rest(world: World) -> None:
    """The difference between two versions would say how many people had one kind of outcome."""
    quarter = this_quarter()
    for number in range(30):
        world.meet(f"p-{number}")
    people_met(world, "coordinator", quarter)
    reports = world.components.reports
    assert reports.closed
    reports.closed.clock = lambda: datetime(2099, 1, 1, tzinfo=UTC)
    with reports.models.reading() as connection:
        closed = reports.closed.of(connection, [quarter])[quarter]
    figures = closed.figures[1]
    changed = {name: dict(cells) for name, cells in figures.items()}
    changed["interviews"] = {cell: Figure(3) for cell in figures["interviews"]}
    reports.closed.found[quarter] = ClosedQuarter(quarter, closed.position, closed.recorded, 1, {1: figures, 2: changed})
    cells = {}
    for version in (1, 2):
        with reports.models.reading() as connection:
            live = reports.figure_set(connection, "alencon", quarter, None)
            live.published[2] = live.published[1]
            masked = MaskedFigures(live, {quarter: reports.closed.found[quarter]}, version)
        cells[version] = [masked.committee_cell(name, "alencon", quarter) for name in ("interviews", "people_met")]
    assert cells[1] == [ValueCell(0), ValueCell(30)]
    assert isinstance(cells[2][0], MaskedCell)
    assert cells[2][1] == ValueCell(30)


def test_stricter_thresholds_change_nothing_of_the_quarters_before_them(world: World) -> None:
    """What a quarter showed under its own thresholds, beside what it would show under others, would give away what they protect."""
    quarter, later = this_quarter(), "2098-Q1"
    for number in range(6):
        world.meet(f"p-{number}")
    people_met(world, "coordinator", quarter)
    reports = world.components.reports
    with reports.models.reading() as connection:
        live = FigureSet(connection, [*reports.territories, "all"], reports.position(), None, [quarter, later])
    strict = live.published[1].thresholds | {"small_cell": 11}
    live.published[2] = replace(live.published[1], version=2, thresholds=strict, from_quarter=later)
    closed = {
        each: ClosedQuarter(each, 9, None, version, {1: live.figures, 2: live.figures}) for each, version in ((quarter, 1), (later, 2))
    }
    masked = MaskedFigures(live, closed, None)
    before = MaskedFigures(live, {quarter: closed[quarter]}, None)
    assert (
        masked.committee_cell("people_met", "alencon", quarter) == before.committee_cell("people_met", "alencon", quarter) == ValueCell(6)
    )
    assert isinstance(masked.committee_cell("people_met", "alencon", later), BandCell)
    for name in masked.indicators_of(quarter):
        for town in masked.territories:
            assert masked.committee_cell(name, town, quarter) == before.committee_cell(name, town, quarter), name
