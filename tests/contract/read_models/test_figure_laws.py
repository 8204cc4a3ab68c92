"""Laws of the figures, in each database, over random histories: whatever happened, in whatever order it was recorded (ADR 0031)."""

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from hypothesis import HealthCheck, Phase, given, settings

from services.reporting.indicators.catalogue import INDICATORS
from services.reporting.queries.figures import FigureSet
from services.reporting.queries.reports import Reports
from services.vocabulary.calendar import quarter_of
from services.vocabulary.programme import PROGRAMME
from tests.unit.reporting.counted import QUARTERS, Rows, Sides, counted, fold_only
from tests.unit.reporting.history import ORNE
from tests.unit.reporting.random_histories import Line, random_lines, recorded

STATED = frozenset({"coaching.ExitCorrected", "coaching.ExitNeutralised", "intake.PersonsMerged", "intake.PersonsSeparated"})
"""Events that say why a past quarter moves. Beside them: a fact told late, definitions, and a fact that is set aside."""

TOWNS = [town.id for town in ORNE.territories]
EXAMPLES = int(os.environ.get("PARCOURS_TEST_LAW_EXAMPLES", "16"))  # random histories for each law and database; `make test-long` has more
law = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[*HealthCheck])


@law
@given(lines=random_lines())
def test_the_numerator_is_a_part_of_the_denominator(report: Reports, lines: list[Line]) -> None:
    fold_only(report, recorded(lines))
    sides = counted(report)
    for name, indicator in INDICATORS.items():
        if indicator.denominator is not None:
            assert sides[name, "numerator"] <= sides[name, "denominator"], name


@law
@given(lines=random_lines())
def test_what_counts_counts_in_one_territory(report: Reports, lines: list[Line]) -> None:
    fold_only(report, recorded(lines))
    for side, rows in counted(report).items():
        assert len({(row.quarter, row.what) for row in rows}) == len(rows), side
        assert {row.territory for row in rows} <= {*TOWNS}, side


@settings(law, max_examples=max(1, EXAMPLES // 4))
@given(lines=random_lines())
def test_territories_add_up_to_the_programme(report: Reports, lines: list[Line]) -> None:
    fold_only(report, recorded(lines))
    sides = counted(report)
    with report.models.reading() as connection:
        figures = FigureSet(connection, [*TOWNS, PROGRAMME], report.position(), None, QUARTERS)
    for name, cells in figures.figures.items():
        for quarter in QUARTERS:
            numbers = [len([row for row in sides[name, "numerator"] if (row.quarter, row.territory) == (quarter, town)]) for town in TOWNS]
            assert [cells[town, quarter].numerator for town in TOWNS] == numbers, name
            assert cells[PROGRAMME, quarter].numerator == sum(numbers), name
            assert (cells[PROGRAMME, quarter].denominator or 0) == sum(cells[town, quarter].denominator or 0 for town in TOWNS), name


@settings(
    law, max_examples=max(1, EXAMPLES // 2), phases=[Phase.explicit, Phase.reuse, Phase.generate]
)  # shrinking would fold thousands of histories
@given(lines=random_lines(orderly=True))
def test_what_happens_after_a_quarter_moves_none_of_its_figures(report: Reports, lines: list[Line]) -> None:
    """Without the facts of later quarters that state no correction, neutralisation or merge, the quarter is the same."""
    fold_only(report, recorded(lines))
    everything, stated = counted(report), stated_reasons(lines)
    for quarter in QUARTERS[:-3:3]:
        known = [line for line in lines if line in stated or quarter_of(line.counted_on) <= quarter]
        fold_only(report, recorded(known))
        alone = counted(report, [quarter])
        assert {side: rows for side, rows in alone.items() if rows != of_quarter(everything[side], quarter)} == {}, quarter


def stated_reasons(lines: Sequence[Line]) -> list[Line]:
    """Corrections, neutralisations and merges; with a correction, the exit that it states again and the follow-ups that move with it."""
    corrected = {exit_of(line) for line in lines if line.kind == "coaching.ExitCorrected"}
    moved = {"coaching.JourneyExited", "coaching.FollowUpScheduled"}
    return [line for line in lines if line.kind in STATED or (line.kind in moved and exit_of(line) in corrected)]


def exit_of(line: Line) -> tuple[str, int]:
    return line.data["person"], line.data["rank"]


def of_quarter(rows: Rows, quarter: str) -> Rows:
    return frozenset(row for row in rows if row.quarter == quarter)


@law
@given(lines=random_lines())
def test_what_is_counted_since_the_start_never_falls_without_a_stated_reason(report: Reports, lines: list[Line]) -> None:
    """From one quarter to the next, and as the log grows: the people and the facts counted stay counted."""
    lines = without_restated_outcomes(line for line in lines if line.kind not in {*STATED, "referrals.ReferralWithdrawn"})
    before: Sides = {}
    for end in (len(lines) // 3, len(lines) // 2, len(lines)):
        fold_only(report, recorded(lines[:end]))
        now = {side: rows for side, rows in counted(report).items() if side in cumulative_sides()}
        for side, rows in now.items():
            assert before.get(side, frozenset()) <= rows, side
            for quarter, following in pairwise(QUARTERS):
                kept = {(row.territory, row.what) for row in of_quarter(rows, quarter)}
                assert kept <= {(row.territory, row.what) for row in of_quarter(rows, following)}, (side, quarter)
        before = now


def without_restated_outcomes(lines: Iterable[Line]) -> list[Line]:
    """An outcome that is stated again is a correction, with a reason of its own: the first statement alone."""
    first: dict[object, Line] = {}
    for number, line in enumerate(lines):
        first.setdefault((line.data["person"], line.data["outcome"]) if "outcome" in line.data else number, line)
    return list(first.values())


def cumulative_sides() -> Iterator[tuple[str, str]]:
    """All but what may end: an open journey ends, and the best exit of a person may be better than dynamic later."""
    for name, indicator in INDICATORS.items():
        if indicator.cumulative and name != "journeys_open":
            yield from ((name, side) for side in ("numerator", "denominator") if (name, side) != ("dynamic_rate", "numerator"))
