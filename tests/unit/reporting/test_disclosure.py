"""The disclosure model: over random counts an attacker finds out no small number, and what was decided does not change."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.reporting.disclosure.bands import HIDDEN, PUBLISHED_SMALL_CELL, Band, Thresholds, wider
from services.reporting.disclosure.disclose import Bands, Column, disclose, disclose_year
from services.reporting.disclosure.families import Cluster, Family
from services.vocabulary.publication import closing_day, is_closed, period
from tests.unit.reporting.attacker import Attacker, Cell, Knowledge

COMMITTEE, STRICTER = Thresholds(5, 20), Thresholds(11, 20)
COHORT = Family(3, (("positive", frozenset({0})), ("dynamic", frozenset({1})), ("progress", frozenset({0, 1}))))
ANSWER = Family(2, (("satisfied", frozenset({0})),))
CLUSTERS = (
    Cluster("total", "cumulative", ()),
    Cluster("total", "cumulative", (COHORT,)),
    Cluster("total", "cumulative", (ANSWER, Family(2, (("content", frozenset({0})),)))),
    Cluster("total", "flow", (COHORT,)),
)
small_numbers = st.one_of(st.integers(0, 6), st.integers(0, 40))


@st.composite
def histories(draw: st.DrawFn) -> tuple[Cluster, list[Column]]:
    """A cluster, and its numbers in a few territories and quarters. In half of the cumulative ones the parts fall sometimes."""
    cluster = draw(st.sampled_from(CLUSTERS))
    towns, quarters = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    falls = draw(st.booleans())
    levels = dict.fromkeys(
        ((number, part, town) for number, family in enumerate(cluster.families) for part in range(family.parts) for town in range(towns)), 0
    )
    totals = [0] * towns
    columns: list[Column] = []
    for _ in range(quarters):
        for town in range(towns):
            gained = draw(small_numbers)
            totals[town] = gained if cluster.kind == "flow" else totals[town] + gained
            for number, family in enumerate(cluster.families):
                for part in range(family.parts):
                    if cluster.kind == "flow":
                        levels[number, part, town] = 0
                rest = gained
                for part in range(family.parts - 1):
                    here = draw(st.integers(0, rest))
                    levels[number, part, town] += here
                    rest -= here
                levels[number, family.parts - 1, town] += rest
                if falls and cluster.kind == "cumulative" and levels[number, 0, town] and draw(st.booleans()):
                    levels[number, 0, town] -= 1
                    levels[number, family.parts - 1, town] += 1
        numbers = {cluster.total: tuple(totals)}
        for number, family in enumerate(cluster.families):
            for name, parts in family.counts:
                numbers[name] = tuple(sum(levels[number, part, town] for part in parts) for town in range(towns))
        columns.append(tuple((name, (*of_towns, sum(of_towns))) for name, of_towns in numbers.items()))
    return cluster, columns


def interval(band: Band) -> tuple[float, float]:
    return float(band.least), float("inf") if band.hidden else float(band.most)


def attacker_of(cluster: Cluster, columns: Sequence[Column], bands: Sequence[Bands], year: Bands) -> Attacker:
    rows = len(bands[0][cluster.total])
    shown = {
        (name, row, quarter): interval(band)
        for quarter, decided in enumerate(bands)
        for name, of_rows in decided.items()
        for row, band in enumerate(of_rows)
    }
    sums: list[tuple[str, list[str]]] = []
    for number, family in enumerate(cluster.families):
        parts = [f"part {number}.{part}" for part in range(family.parts)]
        sums += [(cluster.total, parts), *((name, [parts[part] for part in sorted(of)]) for name, of in family.counts)]
    truth = [dict(column) for column in columns]
    growing = {
        name
        for name in cluster.counts
        if cluster.kind == "cumulative"
        and all(after[name][row] >= before[name][row] for before, after in pairwise(truth) for row in range(rows))
    }
    years = [
        ([((name, row, each), 1) for each in range(len(columns))], interval(band))
        for name, of_rows in year.items()
        for row, band in enumerate(of_rows)
    ]
    return Attacker(Knowledge(rows, len(columns), shown, sums, frozenset(growing), years))


def found_out(
    cluster: Cluster, columns: Sequence[Column], bands: Sequence[Bands], year: Bands, thresholds: Sequence[Thresholds]
) -> list[str]:
    attacker, found = attacker_of(cluster, columns, bands, year), []
    truth = [dict(column) for column in columns]
    weakest = min(thresholds, key=lambda each: each.small_cell)  # a year may count the people of one quarter, as they were shown then
    for name, bands_of_year in year.items():
        for row in range(len(bands_of_year)):
            if weakest.is_few(sum(numbers[name][row] for numbers in truth)):
                low, high = attacker.interval([((name, row, each), 1) for each in range(len(columns))])
                if high - low < weakest.enough:
                    found.append(f"{name} of {row} in the year, found out as {low:g} to {high:g}")
    for quarter, numbers in enumerate(truth):
        for name, of_rows in numbers.items():
            for row, number in enumerate(of_rows):
                here: Cell = (name, row, quarter)
                asked = [(number, [(here, 1)])]
                if name != cluster.total:
                    asked.append((numbers[cluster.total][row] - number, [((cluster.total, row, quarter), 1), (here, -1)]))
                if cluster.kind == "cumulative" and quarter:
                    asked.append((number - truth[quarter - 1][name][row], [(here, 1), ((name, row, quarter - 1), -1)]))
                for value, terms in asked:
                    if thresholds[quarter].is_few(value):
                        low, high = attacker.interval(terms)
                        if high - low < thresholds[quarter].enough:
                            found.append(f"{terms} is {value}, found out as {low:g} to {high:g}")
    return found


NEITHER_POSITIVE: list[Column] = [
    (
        ("total", (7, 0, 5, 8, 20)),
        ("positive", (5, 0, 0, 0, 5)),
        ("dynamic", (0, 0, 0, 1, 1)),
        ("progress", (5, 0, 0, 1, 6)),
    )
]


GREW_BY_ONE: list[Column] = [
    (("total", (5, 20, 0, 16, 41)), ("satisfied", (3, 10, 0, 9, 22)), ("content", (4, 9, 0, 4, 17))),
    (("total", (9, 57, 3, 41, 110)), ("satisfied", (4, 14, 0, 27, 45)), ("content", (7, 30, 0, 4, 41))),
    (("total", (9, 58, 4, 42, 113)), ("satisfied", (4, 14, 0, 28, 46)), ("content", (7, 30, 1, 5, 43))),
]


@given(st.integers(0, 80), st.integers(0, 80), st.integers(0, 30), st.sampled_from([5, 11]))
def test_a_wider_band_holds_the_narrower_one(number: int, below: int, above: int, small_cell: int) -> None:
    """Otherwise a value that was counted as possible is not, and a number of a few people is known better than was decided."""
    band = Band(max(0, number - below), number + above)
    while not band.hidden:
        next_one = wider(number, band, small_cell)
        assert next_one != band
        assert next_one.least <= band.least or band.exact
        assert next_one.least <= number <= next_one.most
        assert next_one.most >= band.most
        band = next_one


@settings(max_examples=40, deadline=None)
@example((CLUSTERS[1], NEITHER_POSITIVE), COMMITTEE, 0)
@example((CLUSTERS[2], GREW_BY_ONE), COMMITTEE, 2)
@given(histories(), st.sampled_from([COMMITTEE, STRICTER]), st.integers(0, 2))
def test_an_attacker_finds_out_no_small_number(history: tuple[Cluster, list[Column]], first: Thresholds, quarters: int) -> None:
    """After some quarters, a version of the definitions with stricter thresholds is in force."""
    cluster, columns = history
    thresholds = tuple(first if number < quarters else STRICTER if quarters else first for number in range(len(columns)))
    bands = disclose(cluster, columns, thresholds)
    year = disclose_year(cluster, tuple(columns), thresholds) if cluster.kind == "flow" else {}
    assert found_out(cluster, columns, bands, year, thresholds) == []


@settings(max_examples=100, deadline=None)
@given(histories())
def test_every_number_is_within_its_band(history: tuple[Cluster, list[Column]]) -> None:
    cluster, columns = history
    for column, bands in zip(columns, disclose(cluster, columns, [COMMITTEE] * len(columns)), strict=True):
        for name, numbers in column:
            assert all(band.least <= number <= band.most for number, band in zip(numbers, bands[name], strict=True))


@settings(max_examples=50, deadline=None)
@given(histories())
def test_what_was_shown_of_a_quarter_does_not_depend_on_later_ones(history: tuple[Cluster, list[Column]]) -> None:
    cluster, columns = history
    before = [COMMITTEE] * (len(columns) - 1)
    assert disclose(cluster, columns, [*before, STRICTER])[:-1] == disclose(cluster, columns[:-1], before)


def test_a_definition_cannot_lower_the_thresholds() -> None:
    assert Thresholds.of({"small_cell": 1, "rate_floor": 1}) == Thresholds(5, 20)
    assert Thresholds.of({"small_cell": 1}, least=PUBLISHED_SMALL_CELL) == Thresholds(11, 20)
    assert Thresholds.of({"small_cell": 7, "rate_floor": 30}) == Thresholds(7, 30)


def test_a_cumulative_number_stays_in_its_band_until_the_step_is_safe() -> None:
    """69, then 70: the one person is not shown. 72 says nothing more, and 75 is far enough from the last number shown."""
    columns: list[Column] = [(("total", (number, 200 + number)),) for number in (69, 70, 72, 75)]
    towns = [bands["total"][0] for bands in disclose(Cluster("total", "cumulative", ()), columns, [COMMITTEE] * len(columns))]
    assert towns == [Band(69, 69), Band(70, 73), Band(70, 73), Band(75, 75)]


def test_what_is_not_shown_has_no_ends() -> None:
    assert HIDDEN.hidden
    assert not Band(0, 4).hidden


@pytest.mark.parametrize(("quarter", "day"), [("2024-Q2", "2024-07-16"), ("2023-Q4", "2024-01-16"), ("2024-Q1", "2024-04-16")])
def test_a_quarter_closes_fifteen_days_after_its_end(quarter: str, day: str) -> None:
    assert closing_day(quarter).isoformat() == day
    noon = datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=UTC)
    assert is_closed(quarter, noon)
    assert not is_closed(quarter, noon.replace(day=15))
    assert period(noon) == period(noon.replace(day=15)) + 1
