"""An attacker with an integer solver reads all that readers of masked figures may read of the study, and finds out no small number."""

from typing import Any

import msgspec
import pytest

from demo.study import study
from tests.demo.history import load
from tests.harness.world import World
from tests.unit.reporting.attacker import Cell, Interval
from tests.unit.reporting.attacks import SIDES, found_out, intervals, narrowed

TOWNS = ("alencon", "flers", "argentan", "laigle", "all")
QUARTERS = ("2022-Q2", "2022-Q3", "2022-Q4", "2023-Q1", "2023-Q2", "2023-Q3", "2023-Q4", "2024-Q1", "2024-Q2")
RELEASED = {("businesses_created", "2024-Q2"), ("survey_wellbeing", "2024-Q2"), ("survey_continuation", "2024-Q2")}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("study")
    load(folder, study(1))
    return World(folder)


def answer(world: World, path: str, role: str, *territories: str) -> Any:
    response = world.get(path, role=role, territories=territories or ("*",))
    assert response.status_code == 200, response.text
    return msgspec.json.decode(response.data)


def gathered(world: World) -> dict[Cell, Interval]:
    """What a funder, and the committees of the four towns together, read in every figure and in the counts of all evidence."""
    shown: dict[Cell, Interval] = {}
    for row, town in enumerate(TOWNS):
        for column, quarter in enumerate(QUARTERS):
            for role in ("funder", "committee"):
                asked = f"territory={town}&quarter={quarter}"
                cells = answer(world, f"/v1/indicators?{asked}", role, town)["indicators"]
                for indicator, cell in cells.items():
                    if not (town == "all" and (indicator, quarter) in RELEASED):
                        for name, interval in intervals(indicator, cell):
                            narrowed(shown, (name, row, column), interval)
            for indicator, names in SIDES.items():
                for side, name in zip(("numerator", "denominator"), names, strict=False):
                    evidence = answer(world, f"/v1/indicators/{indicator}/evidence?{asked}&side={side}", "committee", town)
                    if not (town == "all" and (indicator, quarter) in RELEASED) and evidence["count"] is not None:
                        narrowed(shown, (name, row, column), (evidence["count"], evidence["count"]))
    return shown


def gathered_of_years(world: World) -> dict[tuple[Cell, ...], Interval]:
    """The figures of twelve months on the pages of all committees."""
    found: dict[tuple[Cell, ...], Interval] = {}
    for row, town in enumerate(TOWNS):
        for year in ([0], [1, 2, 3, 4], [5, 6, 7, 8]):
            page = world.components.reports.committee(town, QUARTERS[year[-1]])
            for line in page.indicators:
                cell = msgspec.to_builtins(line.year) if line.year else {}
                for name, interval in intervals(line.id, cell):
                    found[tuple((name, row, column) for column in year)] = interval
    return found


def gathered_of_grouping(world: World) -> dict[tuple[Cell, ...], Interval]:
    """The figures of Flers and Argentan together, in every quarter and over twelve months."""
    found: dict[tuple[Cell, ...], Interval] = {}
    rows = [TOWNS.index(town) for town in ("flers", "argentan")]
    for column, quarter in enumerate(QUARTERS):
        cells = answer(world, f"/v1/indicators?territory=flers-argentan&quarter={quarter}", "committee", "flers")["indicators"]
        for indicator, cell in cells.items():
            for name, interval in intervals(indicator, cell):
                found[tuple((name, row, column) for row in rows)] = interval
    for year in ([0], [1, 2, 3, 4], [5, 6, 7, 8]):
        for line in world.components.reports.committee("flers-argentan", QUARTERS[year[-1]]).indicators:
            for name, interval in intervals(line.id, msgspec.to_builtins(line.year) if line.year else {}):
                found[tuple((name, row, column) for column in year for row in rows)] = interval
    return found


def truth(world: World) -> dict[Cell, int]:
    """The counts of each quarter as they were when it closed."""
    reports = world.components.reports
    assert reports.closed
    with reports.models.reading() as connection:
        closed = reports.closed.of(connection, QUARTERS)
    counts: dict[Cell, int] = {}
    for indicator, names in SIDES.items():
        for row, town in enumerate(TOWNS):
            for column, quarter in enumerate(QUARTERS):
                figure = closed[quarter].figures[1][indicator][town, quarter]
                for name, count in zip(names, (figure.numerator, figure.denominator or 0), strict=False):
                    counts[name, row, column] = count
    return counts


def test_no_number_of_a_few_people_is_found_out(world: World) -> None:
    shown, years, grouping = gathered(world), gathered_of_years(world), gathered_of_grouping(world)
    assert years
    assert grouping
    pinned, tried = found_out(truth(world), shown, years | grouping, len(TOWNS), len(QUARTERS))
    assert tried > 500
    assert not pinned, "\n".join(pinned)


def test_the_published_figures_of_the_study_are_shown_exactly(world: World) -> None:
    cells = answer(world, "/v1/indicators?territory=all&quarter=2024-Q2", "committee", "alencon")["indicators"]
    shown = {name: cells[name].get("percent") for name in ("redirection_rate", "positive_rate", "dynamic_rate", "survey_wellbeing")}
    assert shown == {"redirection_rate": 42, "positive_rate": 29, "dynamic_rate": 34, "survey_wellbeing": 97}
    assert cells["businesses_created"] == {"value": 2}


def test_few_lines_are_hidden(world: World) -> None:
    """Of the 31 lines of the last quarter, late facts among them. Before bands, 13 to 18 of a town were hidden."""
    hidden = {
        town: sum(
            set(cell) == {"masked"}
            for cell in answer(world, f"/v1/indicators?territory={town}&quarter=2024-Q2", "committee", town)["indicators"].values()
        )
        for town in TOWNS
    }
    assert max(hidden.values()) <= 7, hidden
