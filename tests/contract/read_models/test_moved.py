"""Which figures moved, in windows of the ledger: each names every figure that differs, and none is beyond the read models."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest
from msgspec.structs import replace
from sqlalchemy import insert, select, update

from services.reporting.change_answers import FiguresMoved
from services.reporting.facts.tables import CELL, TABLES
from services.reporting.queries.moved_windows import MovedWindows
from services.reporting.queries.reports import Reports
from shared.message import EventMessage, Position
from shared.store.sqlite.store import SqliteStore
from tests.contract.read_models.moves import changed_figures, named
from tests.contract.read_models.tables import random_history, sqlite_log
from tests.contract.read_models.test_ledger_laws import SECOND
from tests.unit.reporting.history import ORNE, History

WINDOW = 12  # entries: some events of this history
ENTRY = TABLES["entry"].c


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteStore]:
    history = random_history(7, 6)  # it ends with a target
    later = History(defined=False)
    later.record("reporting.DefinitionsPublished", "2023-06-01", "all", **SECOND)
    later.record(
        "reporting.TargetSet", "2023-06-01", "all", indicator="positive_rate", value=30, from_quarter="2022-Q4", for_territory="laigle"
    )
    with closing(sqlite_log([*history, *spread(later.events)], tmp_path / "log.sqlite")) as store:
        yield store


@pytest.fixture
def report(url: str, log: SqliteStore) -> Iterator[Reports]:
    with closing(Reports(url, ORNE, log.read_at, log)) as report:
        report.apply(log.read_all(0))
        yield report


def spread(events: Sequence[EventMessage]) -> list[EventMessage]:
    """These events under ids that another history does not have."""
    return [replace(event, id=uuid4()) for event in events]


def windows(moves: MovedWindows, after: Position, limit: int = WINDOW) -> Iterator[FiguresMoved]:
    while page := moves.read_all(after, limit):
        (window,) = page
        yield window
        after = window.position


def test_each_window_names_every_figure_that_differs_at_its_end(report: Reports, log: SqliteStore) -> None:
    begin = after = log.read_all(0)[6].position
    found = list(windows(MovedWindows(report, log), begin))
    assert found[-1].position == log.head()
    assert len(found) > 5
    for window in [*found[:: len(found) // 3], *found[-3:]]:
        after = max([begin, *(each.position for each in found if each.position < window.position)])
        changed = changed_figures(report, after, window.position)
        assert named(window.cells, changed) == changed
    assert any(window.cells for window in found)


def test_the_entries_of_an_event_stay_in_one_window(report: Reports, log: SqliteStore) -> None:
    """The definitions move all that is known, and have more entries than a window."""
    with report.models.reading() as connection:
        entries = [position for (position,) in connection.execute(select(ENTRY.position).order_by(ENTRY.position))]
    ends = [window.position for window in windows(MovedWindows(report, log), 0)]
    assert ends[:-1] == [end for end in ends[:-1] if end in entries]
    for after, end in zip([0, *ends], ends[:-1], strict=False):
        assert len([each for each in entries if after < each < end]) < WINDOW
    assert ends[-1] == log.head()


def test_what_one_event_adds_and_the_next_takes_away_moved_twice(report: Reports, log: SqliteStore) -> None:
    """The message of a window that ended between the two may be all that a reader has heard."""
    head = log.head()
    with report.models.writing() as connection:
        cell = connection.execute(select(*(ENTRY[name] for name in CELL)).order_by(ENTRY.position.desc()).limit(1)).one()._asdict()
        rows = [{**cell, "position": head + at, "change": change} for at, change in ((1, 1), (2, -1))]
        connection.execute(insert(TABLES["entry"]), rows)
        connection.execute(update(TABLES["checkpoint"]).values(position=head + 2))
    assert report.moved(head, head + 2).cells == []
    (window,) = MovedWindows(report, log).read_all(head, WINDOW)
    assert (window.position, {each.territory for each in window.cells}) == (head + 2, {cell["territory"]})


def test_nothing_is_told_before_the_read_models_have_it(url: str, log: SqliteStore) -> None:
    events = log.read_all(0)
    with closing(Reports(url, ORNE, log.read_at, log)) as report:
        report.apply(events[:10])
        moves = MovedWindows(report, log)
        reached = events[9].position
        assert [window.position for window in windows(moves, 0)][-1] == reached
        assert moves.read_all(reached, WINDOW) == []
        assert not moves.wait(reached, 0.1)
        report.apply(events[:12])
        assert moves.wait(reached, 5)
        assert [window.position for window in windows(moves, reached)][-1] == events[11].position
