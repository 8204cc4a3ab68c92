"""Versions of the definitions: which one a quarter is counted under, and what is printed of it."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.coded_values import OutcomeQuality
from services.reporting.facts.decisions import DefinitionsPublished
from services.reporting.facts.versions import version_in_force
from services.reporting.indicators.catalogue import INDICATORS
from services.reporting.indicators.figure import side_queries
from services.reporting.indicators.model import Indicator
from services.reporting.indicators.printed import outcomes_of, printed_definition
from services.reporting.queries.reports import Reports
from services.vocabulary.french_format import SPACE
from tests.unit.reporting.history import ORNE, V1, History

QUARTERS = ("2022-Q3", "2022-Q4", "2023-Q1", "2023-Q2")
SIAE_IS_POSITIVE = {"outcome_classes": V1["outcome_classes"] | {"SIAE": "POSITIVE"}}


def definitions(**changed: Any) -> DefinitionsPublished:
    return DefinitionsPublished(**(V1 | {"on": "2022-06-01"} | changed))


# In force ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def reports() -> Reports:
    """A job in an SIAE in 2022; from the first quarter of 2023 on that is positive, and a redirection counts when it is accepted."""
    history = History()
    history.meet("p", "2022-07-01")
    history.refer("p", "2022-08-01", "r")
    history.success("p", "2022-07-01", "2022-09-01", "SIAE")
    version_2 = V1 | {"version": 2, "from_quarter": "2023-Q1", "counted_stages": {"redirection": "ACCEPTED"}} | SIAE_IS_POSITIVE
    history.record("reporting.DefinitionsPublished", "2022-12-20", "all", **version_2)
    version_3 = V1 | {"version": 3, "from_quarter": "2023-Q2", "indicators": ["people_met"]}
    history.record("reporting.DefinitionsPublished", "2023-03-20", "all", **version_3)
    history.meet("q", "2023-05-01")
    reports = Reports("sqlite://", ORNE, history.read_at)
    reports.apply(history.events)
    return reports


def positives(reports: Reports, quarter: str, version: int | None = None) -> tuple[int, Any]:
    """The version under which a quarter is counted, and the positive exits that it counts."""
    figures = reports.figures("alencon", quarter, version)
    cell = figures.indicators.get("positive_rate")
    return figures.definitions, getattr(cell, "numerator", None)


def test_each_quarter_keeps_the_version_that_is_in_force_in_it(reports: Reports) -> None:
    assert [positives(reports, quarter) for quarter in QUARTERS] == [(1, 0), (1, 0), (2, 1), (3, None)]


@pytest.mark.parametrize("quarter", QUARTERS)
def test_any_quarter_can_be_asked_under_any_version(reports: Reports, quarter: str) -> None:
    assert [positives(reports, quarter, version) for version in (1, 2, 3)] == [(1, 0), (2, 1), (3, None)]
    for version, expected in ((1, 0), (2, 1)):
        page = reports.committee("alencon", quarter, version, "exact")
        assert (page.definitions, page.versions) == (version, [1, 2, 3])
        evidence = reports.evidence("positive_rate", "alencon", quarter, "numerator", "exact", version)
        assert (evidence.count, len(evidence.facts)) == (expected, expected)


def test_the_page_prints_what_counts_in_its_quarter(reports: Reports) -> None:
    pages = {quarter: reports.committee("alencon", quarter, None, "exact") for quarter in QUARTERS}
    printed = {quarter: {line.id: line.definition for line in page.indicators} for quarter, page in pages.items()}
    assert "a été envoyée" in printed["2022-Q4"]["redirection_rate"]
    assert "a été acceptée par le partenaire" in printed["2023-Q1"]["redirection_rate"]
    assert "structure d’insertion" in printed["2023-Q1"]["positive_rate"]
    assert printed["2023-Q2"].keys() == {"people_met"}
    evidence = reports.evidence("redirection_rate", "alencon", "2023-Q1", "numerator", "exact")
    assert (evidence.definition, evidence.count) == (printed["2023-Q1"]["redirection_rate"], 0)


def test_an_evolution_has_the_quarters_whose_definitions_have_the_indicator(reports: Reports) -> None:
    page = reports.committee("alencon", "2023-Q1", None, "exact")
    lines = {line.id: line for line in page.indicators}
    assert [point.quarter for point in lines["positive_rate"].trend] == ["2022-Q3", "2022-Q4", "2023-Q1"]
    assert [point.quarter for point in lines["people_met"].trend] == list(QUARTERS)


STARTS = st.dictionaries(st.integers(1, 6), st.one_of(st.none(), st.sampled_from(QUARTERS)), min_size=1)


@given(STARTS, st.sampled_from(QUARTERS))
def test_a_later_version_changes_no_quarter_before_its_own(starts: dict[int, str | None], quarter: str) -> None:
    before = {at: version_in_force(starts, at) for at in QUARTERS}
    after = {at: version_in_force({**starts, max(starts) + 1: quarter}, at) for at in QUARTERS}
    assert {at: version for at, version in after.items() if at < quarter} == {at: version for at, version in before.items() if at < quarter}
    assert {version for at, version in after.items() if at >= quarter} == {max(starts) + 1}


# Printed -------------------------------------------------------------------------------------------------------------

PARAMETERS = {"version": "outcome_classes", "redirection": "counted_stages", "late_days": "late_days", "outcome_days": "outcome_days"}
"""The bind parameter of the sides -> the part of the definitions that decides it."""


def parameters_of(indicator: Indicator) -> set[str]:
    """The parameters that decide the figure of an indicator, read from its queries."""
    sides = [side for side in (indicator.numerator, indicator.denominator) if side is not None]
    names = {name for side in sides for name in side_queries(side).by_territory.compile().params}
    return names & PARAMETERS.keys()


def variants(part: str) -> Iterator[DefinitionsPublished]:
    """Definitions that differ in one part."""
    match part:
        case "outcome_classes":
            for quality, outcome_class in product(("SIAE", "CDI", "CDD>=3", "CDD>=6"), ("POSITIVE", "DYNAMIC", "OTHER")):
                yield definitions(outcome_classes=V1["outcome_classes"] | {quality: outcome_class})
        case "counted_stages":
            for stage in ("SENT", "ACCEPTED", "COMPLETED"):
                yield definitions(counted_stages={"redirection": stage})
        case _:
            for days in (1, 15, 30, 90):
                yield definitions(thresholds=V1["thresholds"] | {part: days})


@pytest.mark.parametrize("name", INDICATORS)
@pytest.mark.parametrize("parameter", PARAMETERS)
def test_a_parameter_that_decides_a_figure_is_printed_and_no_other_is(name: str, parameter: str) -> None:
    """Whatever the parameter decides is in the text: two values that count differently are printed differently."""
    indicator = INDICATORS[name]
    counted = {decided(indicator, parameter, each): printed_definition(indicator, each) for each in variants(PARAMETERS[parameter])}
    assert not any("{" in text for text in counted.values())
    if parameter in parameters_of(indicator):
        assert len(set(counted.values())) == len(counted) > 1
    else:
        assert len(set(counted.values())) == 1


def decided(indicator: Indicator, parameter: str, version: DefinitionsPublished) -> Any:
    """What a version decides of an indicator: the classes that it counts, the stage, or the days."""
    if parameter != "version":
        return str((version.counted_stages, version.thresholds))
    counts_dynamic = indicator.id in {"dynamic_rate", "progress_rate"}
    counts_positive = indicator.id != "dynamic_rate"
    wanted = {name for name, counts in (("POSITIVE", counts_positive), ("DYNAMIC", counts_dynamic)) if counts}
    durations = [(quality.value, months) for quality in OutcomeQuality for months in (0, 3, 6)]
    return tuple(best if (best := best_class(version, *each)) in wanted else None for each in durations)


def best_class(version: DefinitionsPublished, quality: str, months: int) -> str:
    """The class of the rule of the most months that applies."""
    rules = {rule.partition(">="): name for rule, name in version.outcome_classes.items()}
    applying = {int(least or 0): name for (named, _, least), name in rules.items() if named == quality and int(least or 0) <= months}
    return applying[max(applying)] if applying else "OTHER"


def test_the_matrix_finds_the_indicators_that_depend_on_the_definitions() -> None:
    found = {name: parameters_of(indicator) for name, indicator in INDICATORS.items()}
    exits = {"positive_rate", "dynamic_rate", "progress_rate", "positive_target", "positive_rate_on_exits"}
    assert {name for name, names in found.items() if "version" in names} == exits
    assert {name for name, names in found.items() if "redirection" in names} == {"redirection_rate"}
    assert {name for name, names in found.items() if "late_days" in names} == {"late_facts"}


@pytest.mark.parametrize(
    ("classes", "outcome_class", "text"),
    [
        ({"CDI": "POSITIVE"}, "POSITIVE", "CDI"),
        ({"CDI": "POSITIVE"}, "DYNAMIC", "aucune issue"),
        ({"CDD": "DYNAMIC", "CDD>=6": "POSITIVE"}, "POSITIVE", "CDD de 6 mois ou plus"),
        ({"CDD": "DYNAMIC", "CDD>=6": "POSITIVE"}, "DYNAMIC", "CDD de moins de 6 mois"),
        ({"CDD": "OTHER", "CDD>=3": "DYNAMIC", "CDD>=6": "POSITIVE"}, "DYNAMIC", "CDD de 3 à 5 mois"),
        ({"CDD": "DYNAMIC", "CDD>=6": "DYNAMIC"}, "DYNAMIC", "CDD"),
        ({"SIAE": "DYNAMIC", "FORMATION_QUALIFIANTE": "DYNAMIC"}, "DYNAMIC", "structure d’insertion, formation qualifiante"),
    ],
)
def test_the_outcomes_of_a_class_are_printed_with_their_durations(classes: dict[str, str], outcome_class: str, text: str) -> None:
    assert outcomes_of(definitions(outcome_classes=classes), outcome_class).replace(SPACE, " ") == text


def test_version_1_is_printed_as_the_programme_says_it() -> None:
    text = printed_definition(INDICATORS["positive_rate"], definitions())
    assert "CDI, alternance, titularisation, CDD de 6\u00a0mois ou plus, intérim de 6\u00a0mois ou plus" in text
    assert "plus de 15\u00a0jours après sa fin" in printed_definition(INDICATORS["late_facts"], definitions())
