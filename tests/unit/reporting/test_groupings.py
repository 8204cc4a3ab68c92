"""A grouping of territories: its figures are sums, and readers of masked figures are told what its territories tell, and no more."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.answers import MaskedCell, ValueCell
from services.reporting.disclosure.bands import HIDDEN, Band, Thresholds, exactly
from services.reporting.disclosure.families import Cluster, Family
from services.reporting.disclosure.inference import narrowed, of_grouping, relations
from services.reporting.disclosure.view import MaskedView
from services.reporting.indicators.catalogue import INDICATORS
from services.reporting.indicators.figure import Figure
from services.reporting.queries.reports import Reports
from services.vocabulary.programme import PROGRAMME, Grouping, Groupings, Programme, Territory
from tests.unit.reporting.history import ORNE, History

GROUPINGS: Groupings = {"west": ("a", "b")}


@st.composite
def rows(draw: st.DrawFn) -> dict[str, Band]:
    """The bands of three territories and of the programme, around numbers that add up."""
    numbers = {name: draw(st.integers(0, 9)) for name in ("a", "b", "c")}
    numbers[PROGRAMME] = sum(numbers.values())
    below, above = st.integers(0, 4), st.integers(0, 4)
    return {name: Band(max(0, number - draw(below)), number + draw(above)) for name, number in numbers.items()}


@given(row=rows())
def test_a_grouping_is_told_as_far_as_what_is_shown_tells(row: dict[str, Band]) -> None:
    """Every history that shows these bands is tried: the lowest and the highest sum are the ends of the band."""
    ranges = (range(row[name].least, row[name].most + 1) for name in ("a", "b", "c"))
    sums = {a + b for a, b, c in product(*ranges) if row[PROGRAMME].least <= a + b + c <= row[PROGRAMME].most}
    assert of_grouping(row, ("a", "b")) == Band(min(sums), max(sums))


COHORT = Cluster(
    "total", "flow", (Family(3, (("positive", frozenset({0})), ("dynamic", frozenset({1})), ("progress", frozenset({0, 1})))),)
)


@given(data=st.data())
def test_what_is_inferred_of_related_counts_is_true_and_as_narrow_as_any_history_allows(data: st.DataObject) -> None:
    positive, dynamic, rest = (data.draw(st.integers(0, 6)) for _ in range(3))
    numbers = {"total": positive + dynamic + rest, "positive": positive, "dynamic": dynamic, "progress": positive + dynamic}
    spread = st.integers(0, 3)
    bands = {name: Band(max(0, number - data.draw(spread)), number + data.draw(spread)) for name, number in numbers.items()}
    told = narrowed(bands, relations(COHORT))
    histories = [
        {"total": of_rest + one + two, "positive": one, "dynamic": two, "progress": one + two}
        for one, two, of_rest in product(range(13), repeat=3)
    ]
    shown = [each for each in histories if all(bands[name].least <= each[name] <= bands[name].most for name in bands)]
    assert told == {name: Band(min(each[name] for each in shown), max(each[name] for each in shown)) for name in bands}


def test_numbers_that_contradict_their_relations_are_left_as_they_are() -> None:
    bands = {"total": exactly(3), "positive": exactly(5), "dynamic": exactly(0), "progress": exactly(5)}
    assert narrowed(bands, relations(COHORT)) == bands


def test_two_hidden_territories_make_a_grouping_that_is_exact() -> None:
    row = {"a": HIDDEN, "b": Band(1, 4), "c": exactly(30), PROGRAMME: exactly(39)}
    assert of_grouping(row, ("a", "b")) == exactly(9)


@pytest.mark.parametrize(("few", "shown"), [(25, True), (6, False)])
def test_a_mean_of_a_grouping_is_shown_where_each_territory_shows_its_own(few: int, shown: bool) -> None:
    """With the mean of the grouping and that of a large territory, the mean of a small one would be known."""
    rating = INDICATORS["survey_rating"]
    table = {("answers", name, "2024-Q2"): exactly(number) for name, number in (("a", 40), ("b", few), (PROGRAMME, 40 + few))}
    view = MaskedView(table, {"2024-Q2": Thresholds(5, 20)}, GROUPINGS)
    cell = view.cell(rating, Figure(40 + few), "west", "2024-Q2", ValueCell(4.5))
    assert isinstance(cell, ValueCell) == shown
    if isinstance(cell, MaskedCell):
        assert "dans chacun de ses territoires" in cell.masked


def test_the_figures_of_a_grouping_are_those_of_its_territories() -> None:
    history = History()
    for number, town in enumerate(("flers", "argentan", "argentan", "alencon")):
        history.meet(f"p-{number}", "2024-01-10", town)
    report = Reports("sqlite://", ORNE, history.read_at)
    report.apply(history.events)
    cells = {place: report.figures(place, "2024-Q1").indicators["people_met"] for place in ("flers", "argentan", "ouest", "all")}
    assert cells == {"flers": ValueCell(1), "argentan": ValueCell(2), "ouest": ValueCell(3), "all": ValueCell(4)}
    evidence = report.evidence("people_met", "ouest", "2024-Q1", audience="exact")
    assert {fact.person for fact in evidence.facts} == {"p-0", "p-1", "p-2"}
    assert evidence.count == 3


def test_every_fault_of_a_configuration_is_named() -> None:
    towns = [Territory("a", "A"), Territory("b", "B"), Territory("c", "C")]
    wrong = (
        Grouping("a", "A", ("a", "d")),
        Grouping("all", "Tout", ("b", "b")),
        Grouping("one", "Un", ("c",)),
        Grouping("abc", "", ("a", "b", "c")),
    )
    faults = list(Programme("p", "P", ORNE.since, towns, groupings=wrong).faults())
    assert faults == [
        "the id 'a' stands 2 times",
        "the id 'all' stands 2 times",
        "a: 'd' is no territory",
        "all: a territory stands twice",
        "one: a grouping has two territories or more, and not all of them",
        "abc: a grouping has two territories or more, and not all of them",
    ]
