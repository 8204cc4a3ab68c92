"""A version of the definitions that is filled in the background: whatever happens meanwhile, the ledger becomes what it is otherwise."""

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from itertools import cycle, pairwise
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import Connection, select

from services.reporting.facts import tables as t
from services.reporting.indicators.compute import FigureTable
from services.reporting.indicators.parameters import load_definitions
from services.reporting.ledger import balances, filling
from services.reporting.ledger.figures import Ledger, read_ledger
from services.reporting.operator_answers import DefinitionsFilling
from services.reporting.projection.filler import Filler
from services.reporting.projection.read_models import current_snapshot
from services.reporting.queries.figures import FigureSet
from services.reporting.queries.projection_state import projection_state
from services.reporting.queries.reports import Reports
from shared.errors import Unavailable
from shared.message import EventMessage, Position
from tests.contract.read_models.tables import random_history, reader_of, sqlite_log, table_contents
from tests.contract.read_models.test_figure_laws import EXAMPLES
from tests.contract.read_models.test_ledger_laws import SECOND, TERRITORIES, by_ledger, by_questions, unshrunk
from tests.unit.reporting.counted import QUARTERS, fold_only
from tests.unit.reporting.history import ORNE, History
from tests.unit.reporting.random_histories import Line, random_lines, recorded

PAGE = 2


@pytest.fixture(autouse=True)
def in_small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling, "AT_ONCE", 0)
    monkeypatch.setattr(filling, "PAGE", PAGE)
    monkeypatch.setattr(balances, "LEAST_ENTRIES", 10)


def with_second(events: Sequence[EventMessage], cut: int) -> list[EventMessage]:
    """The history with the second version of the definitions, published after so many events."""
    history = History()
    history.record("reporting.DefinitionsPublished", "2022-06-01", "all", **SECOND)
    every = [*events[:cut], history.events[-1], *events[cut:]]
    return every[:1] + [replace(event, position=n, previous=n - 1) for n, event in enumerate(every[1:], start=every[0].position + 1)]


def entered(report: Reports) -> Counter[tuple[object, ...]]:
    """By position and cell, by how much it was changed."""
    found: Counter[tuple[object, ...]] = Counter()
    with report.models.reading() as connection:
        for *cell, change in connection.execute(select(t.entry)):
            found[*cell,] += change
    return Counter({cell: change for cell, change in found.items() if change})


def filled(report: Reports) -> None:
    filler = Filler(report.models)
    while filler.step():
        pass


def figures_now(connection: Connection, ledger: Ledger | None, version: int) -> FigureTable:
    return FigureSet(connection, TERRITORIES, current_snapshot(connection)[1], version, QUARTERS, ledger=ledger).figures


def assert_figures_are_those_of_the_facts(report: Reports) -> None:
    with report.models.reading() as connection:
        ledger = read_ledger(connection)
        for version in load_definitions(connection):
            assert figures_now(connection, ledger, version) == figures_now(connection, None, version)


def assert_subtotals_have_everybody(connection: Connection, version: int, position: Position) -> None:
    up_to = select(*(t.entry.c[name] for name in t.CELL), t.entry.c.change).where(t.entry.c.position <= position)
    whole = Ledger(connection.execute(up_to))
    assert figures_now(connection, read_ledger(connection, position), version) == figures_now(connection, whole, version)


shares = st.floats(0, 1)


@settings(unshrunk, max_examples=max(2, EXAMPLES // 3))
@given(lines=random_lines(), share=shares, cuts=st.lists(shares, max_size=6), pages=st.lists(st.integers(0, 3), min_size=1), when=shares)
def test_filling_between_any_events_is_as_all_at_once(
    report: Reports, lines: list[Line], share: float, cuts: list[float], pages: list[int], when: float
) -> None:
    history = recorded(lines).events
    events = with_second(history, 1 + int(share * (len(history) - 1)))
    fold_only(report, recorded([]))
    filler = Filler(report.models)
    bounds = sorted({0, 1, len(events), *(int(cut * len(events)) for cut in cuts)})
    for (start, end), count in zip(pairwise(bounds), cycle(pages), strict=False):
        report.apply(events[start:end])
        for _ in range(count):
            filler.step()
        assert_figures_are_those_of_the_facts(report)
    filled(report)
    with closing(Reports("sqlite://", ORNE, lambda positions: [])) as at_once:
        with patch.object(filling, "AT_ONCE", 10**9):
            at_once.apply(events)
        assert entered(report) == entered(at_once)
        ours, theirs = table_contents(report), table_contents(at_once)
        assert {name for name in ours if ours[name] != theirs[name]} <= {"entry"}
    with report.models.reading() as connection:
        for version in (1, 2):
            assert by_ledger(connection, version) == by_questions(connection, version)
            assert_subtotals_have_everybody(connection, version, 1 + int(when * (len(events) - 1)))


@pytest.fixture
def begun(report: Reports) -> list[EventMessage]:
    """A history of twenty persons; its last event but one publishes a version, which is being filled."""
    history = random_history(7, 20)
    events = with_second(history, len(history) - 1)
    for batch in (events[:-2], events[-2:-1], events[-1:]):
        report.apply(batch)
    return events


def test_an_event_of_definitions_does_not_wait_until_they_are_filled(report: Reports, begun: list[EventMessage]) -> None:
    (now,) = report.models.fillings()
    assert (now.version, now.position, now.done, now.total) == (2, begun[-2].position, 0, 20)
    Filler(report.models).step()
    (now,) = report.models.fillings()
    assert (now.done, now.total) == (PAGE, 20)
    filled(report)
    assert report.models.fillings() == []


def test_merged_records_on_two_pages_are_one_person(report: Reports, begun: list[EventMessage]) -> None:
    filled(report)
    with report.models.reading() as connection:
        assert by_ledger(connection, 2) == by_questions(connection, 2)


def test_events_of_persons_who_are_not_entered_yet_and_subtotals_meanwhile(report: Reports) -> None:
    """At the end of this history many are merged of whom no page has come."""
    events = with_second(random_history(7, 20), 120)
    for start in range(0, len(events), 15):
        report.apply(events[start : start + 15])
    filled(report)
    with report.models.reading() as connection:
        assert by_ledger(connection, 2) == by_questions(connection, 2)
        for event in events[121::9]:
            assert_subtotals_have_everybody(connection, 2, event.position)


def test_the_state_of_the_projection_tells_how_many_persons_are_counted(report: Reports, begun: list[EventMessage]) -> None:
    report.read_events = reader_of(begun)
    Filler(report.models).step()
    assert projection_state(report, "reporting", begun[-1].position).filling == [DefinitionsFilling(2, PAGE, 20)]
    filled(report)
    assert projection_state(report, "reporting", begun[-1].position).filling == []


def test_figures_as_of_a_position_are_not_told_of_persons_who_are_not_entered(report: Reports, begun: list[EventMessage]) -> None:
    with report.models.reading() as connection, pytest.raises(Unavailable, match="Version 2 of the definitions is being counted"):
        FigureSet(connection, TERRITORIES, begun[-2].position, 2, QUARTERS, ledger=read_ledger(connection, begun[-2].position))


def test_a_version_that_is_published_again_is_counted_at_once(report: Reports, begun: list[EventMessage]) -> None:
    again = History()
    again.record("reporting.DefinitionsPublished", "2022-06-02", "all", **SECOND | {"outcome_classes": {"CDI": "POSITIVE"}})
    last = begun[-1].position
    report.apply([replace(again.events[-1], position=last + 1, previous=last)])
    assert report.models.fillings() == []
    with report.models.reading() as connection:
        assert by_ledger(connection, 2) == by_questions(connection, 2)


def test_a_rebuild_fills_it(report: Reports, begun: list[EventMessage], tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with closing(sqlite_log(begun, tmp_path / "log.sqlite")) as log:
        report.rebuild(log)
    assert report.models.fillings() == []
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    with report.models.reading() as connection:
        assert by_ledger(connection, 2) == by_questions(connection, 2)
