"""The ledger and the questions over facts are two ways to each figure, and they always agree: now, and as of every position."""

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import Connection

from services.reporting.indicators.catalogue import INDICATORS
from services.reporting.indicators.compute import FigureTable
from services.reporting.indicators.parameters import load_definitions
from services.reporting.ledger.figures import read_ledger
from services.reporting.projection.read_models import current_snapshot
from services.reporting.queries.figures import FigureSet
from services.reporting.queries.reports import Reports
from services.vocabulary.programme import PROGRAMME
from shared.message import Position
from tests.contract.read_models.test_figure_laws import EXAMPLES, TOWNS, law
from tests.unit.reporting.counted import QUARTERS, fold_only
from tests.unit.reporting.history import V1
from tests.unit.reporting.random_histories import Line, random_lines, recorded

SECOND = V1 | {
    "version": 2,
    "outcome_classes": {"CDI": "DYNAMIC", "CDD>=3": "POSITIVE", "SIAE": "POSITIVE", "SCOLARITE": "DYNAMIC"},
    "counted_stages": {"redirection": "ACCEPTED"},
    "thresholds": V1["thresholds"] | {"late_days": 3, "outcome_days": 30},
}
TERRITORIES = [*TOWNS, PROGRAMME]


def by_ledger(connection: Connection, version: int, as_of: Position | None = None) -> FigureTable:
    return read_ledger(connection, as_of).figures(INDICATORS.values(), TERRITORIES, QUARTERS, version)


def by_questions(connection: Connection, version: int) -> FigureTable:
    return FigureSet(connection, TERRITORIES, current_snapshot(connection)[1], version, QUARTERS).figures


def fold_in_batches(report: Reports, lines: Sequence[Line], cuts: Sequence[int]) -> None:
    events = recorded(lines).events
    bounds = sorted({0, len(events), *(cut % (len(events) + 1) for cut in cuts)})
    fold_only(report, recorded([]))
    for start, end in pairwise(bounds):
        report.apply(events[start:end])


unshrunk = settings(law, phases=[Phase.explicit, Phase.reuse, Phase.generate])  # shrinking would fold thousands of histories


@unshrunk
@given(lines=random_lines(), cuts=st.lists(st.integers(0, 10_000), max_size=12))
def test_the_ledger_agrees_with_the_questions(report: Reports, lines: list[Line], cuts: list[int]) -> None:
    fold_in_batches(report, lines, cuts)
    with report.models.reading() as connection:
        for version in load_definitions(connection):
            assert by_ledger(connection, version) == by_questions(connection, version)


@settings(unshrunk, max_examples=max(1, EXAMPLES // 4))
@given(lines=random_lines(), share=st.floats(0, 1))
def test_the_ledger_as_of_a_position_agrees_with_a_fold_up_to_it(report: Reports, lines: list[Line], share: float) -> None:
    history = recorded(lines).events
    fold_only(report, recorded(lines))
    position = history[int(share * (len(history) - 1))].position
    with report.models.reading() as connection:
        versions = load_definitions(connection)
        as_of = {version: by_ledger(connection, version, position) for version in versions}
    fold_only(report, recorded([line for line in lines if line.position <= position]))
    with report.models.reading() as connection:
        for version in load_definitions(connection):
            assert as_of[version] == by_questions(connection, version)


@settings(unshrunk, max_examples=max(1, EXAMPLES // 2))
@given(lines=random_lines(), share=st.floats(0, 1))
def test_a_version_that_is_published_later_is_filled_from_what_is_known(report: Reports, lines: list[Line], share: float) -> None:
    """Somewhere in a history, in the middle of a batch or at its beginning: what is known counts under it, and so does what follows."""
    history = recorded(lines)
    cut = 1 + int(share * (len(history.events) - 1))
    before, later = history.events[:cut], history.events[cut:]
    published = history.record("reporting.DefinitionsPublished", "2022-06-01", "all", **SECOND)
    history.events = before[:1]
    for event in (*before[1:], published, *later):
        last = history.events[-1].position
        history.events.append(replace(event, position=last + 1, previous=last))
    fold_only(report, recorded([]))
    middle = cut // 2
    report.apply(history.events[:middle])
    report.apply(history.events[middle:])
    with report.models.reading() as connection:
        assert [*load_definitions(connection)] == [1, 2]
        for version in (1, 2):
            assert by_ledger(connection, version) == by_questions(connection, version), version
