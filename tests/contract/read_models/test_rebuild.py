"""A rebuild gives the same tables as the live fold, whatever is applied meanwhile and wherever it is killed."""

import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from sqlalchemy import inspect, select, text

from services.reporting.facts import tables as t
from services.reporting.facts.tables import TABLES
from services.reporting.ledger.corrections import corrections
from services.reporting.projection import fact_batch, rebuild
from services.reporting.projection.fact_batch import FactBatch
from services.reporting.projection.rebuild import Rebuild
from services.reporting.queries.reports import Reports
from shared.errors import Refused, Unavailable
from shared.message import EventMessage, Position, Recorded
from shared.store.port import R
from shared.store.sqlite.store import SqliteStore
from tests.contract.read_models.tables import all_figures, folded_in_memory, random_history, sqlite_log, table_contents
from tests.processes import Process
from tests.unit.reporting.history import ORNE


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteStore]:
    store = sqlite_log(random_history(7, 20), tmp_path / "log.sqlite")
    yield store
    store.close()


def events_of(log: SqliteStore) -> list[EventMessage]:
    return log.read_all(0, 10_000)


def test_a_rebuild_gives_the_same_tables_as_the_live_fold(report: Reports, log: SqliteStore) -> None:
    report.apply(events_of(log)[:50])
    assert report.rebuild(log) == log.head()
    first = table_contents(report)
    assert report.rebuild(log) == log.head()
    assert table_contents(report) == first == table_contents(folded_in_memory(events_of(log)))


def test_others_write_while_the_log_is_folded_for_what_is_set_aside(
    report: Reports, log: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(*asked: Any) -> list[Any]:
        with ThreadPoolExecutor() as pool:
            pool.submit(report.apply, events_of(log)[:50]).result(timeout=2)
        return corrections(*asked)

    monkeypatch.setattr(rebuild, "corrections", meanwhile)
    assert report.rebuild(log) == log.head()


def test_live_events_are_applied_after_a_rebuild(report: Reports, log: SqliteStore) -> None:
    report.rebuild(Shorter(log.path))
    report.apply(events_of(log))
    assert table_contents(report) == table_contents(folded_in_memory(events_of(log)))


def test_a_rebuild_leaves_the_same_tables_and_as_many_indexes(report: Reports, log: SqliteStore) -> None:
    def tables_and_indexes() -> list[tuple[str, int]]:
        database = inspect(report.models.engine)
        return sorted((name, len(database.get_indexes(name))) for name in database.get_table_names())

    before = tables_and_indexes()
    report.rebuild(log)
    report.rebuild(log)
    assert tables_and_indexes() == before
    Reports(report.models.engine.url.render_as_string(hide_password=False).replace("+psycopg", ""), ORNE, log.read_at).close()
    assert tables_and_indexes() == before


class Shorter(SqliteStore):
    """A log whose last events are not recorded yet."""

    def head(self) -> Position:
        return 40


class Growing(SqliteStore):
    """A log to which events are appended after a rebuild has read its head once."""

    head_reads = 0

    def head(self) -> Position:
        self.head_reads += 1
        return 30 if self.head_reads == 1 else super().head()


def test_a_rebuild_never_moves_the_live_tables_back(report: Reports, log: SqliteStore) -> None:
    store = Growing(log.path)
    events = events_of(log)
    report.apply(events)
    store.head_reads = 0
    assert report.rebuild(store) == report.position() == events[-1].position
    assert table_contents(report) == table_contents(folded_in_memory(events))
    store.close()


def test_events_applied_during_rebuilds_are_kept(report: Reports, log: SqliteStore) -> None:
    events = events_of(log)
    finished = Event()

    def rebuilds() -> int:
        count = 0
        while not finished.is_set() or not count:
            report.rebuild(log)
            count += 1
        return count

    with ThreadPoolExecutor(1) as pool:
        rebuilding = pool.submit(rebuilds)
        for end in range(5, len(events) + 5, 5):
            report.apply(events[:end])
        finished.set()
        assert rebuilding.result() > 0
    assert table_contents(report) == table_contents(folded_in_memory(events))


def test_a_reader_keeps_its_snapshot_while_the_tables_are_swapped(report: Reports, log: SqliteStore) -> None:
    report.apply(events_of(log))
    with report.models.reading() as connection:
        connection.execute(text("SELECT 1"))
        rebuilding = Thread(target=report.rebuild, args=(log,))
        rebuilding.start()
        rebuilding.join(2)
        people = len(connection.execute(select(t.person)).all())
    rebuilding.join()
    assert people == 20


def test_a_rebuild_that_readers_block_is_unavailable_and_the_next_one_resumes(postgres_dsn: str, log: SqliteStore) -> None:
    with closing(Reports(postgres_dsn, ORNE, log.read_at)) as report:
        report.apply(events_of(log)[:50])
        with pytest.MonkeyPatch.context() as patch, report.models.reading():
            patch.setattr(rebuild, "SWAP_LOCK_TIMEOUT", "50ms")
            with pytest.raises(Unavailable, match="resumes from here"):
                report.rebuild(log)
        store = interrupted(log, 0)
        assert report.rebuild(store) == log.head()
        assert store.read_from == []
        assert table_contents(report) == table_contents(folded_in_memory(events_of(log)))


def test_of_two_rebuilds_at_once_the_later_one_wins(report: Reports, log: SqliteStore) -> None:
    report.apply(events_of(log)[:50])
    earlier = Rebuild(report.models, log)
    earlier.start_or_resume()
    report.rebuild(log)
    with pytest.raises(Refused, match="rebuild_replaced"):
        earlier.catch_up()
    assert table_contents(report) == table_contents(folded_in_memory(events_of(log)))


@pytest.fixture
def many_flushes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small limits, so that a small log is written with as many flushes as a large one."""
    monkeypatch.setattr(fact_batch, "MAX_ROWS", 30)
    monkeypatch.setattr(rebuild, "READ_PAGE_SIZE", 7)


class Interrupted(SqliteStore):
    """A log that interrupts its reader after some pages, and notes from which positions it was read."""

    pages: int
    read_from: list[Position]

    def read_as(self, shape: type[R], after: Position, limit: int = 1_000) -> list[R]:
        self.read_from.append(after)
        if len(self.read_from) > self.pages:
            raise KeyboardInterrupt
        return super().read_as(shape, after, limit)


def interrupted(log: SqliteStore, pages: int) -> Interrupted:
    store = Interrupted(log.path)
    store.pages, store.read_from = pages, []
    return store


def test_a_rebuild_with_many_flushes_gives_the_same_tables(report: Reports, log: SqliteStore, many_flushes: None) -> None:
    report.rebuild(log)
    assert table_contents(report) == table_contents(folded_in_memory(events_of(log)))
    assert all_figures(report) == all_figures(folded_in_memory(events_of(log)))


@pytest.mark.parametrize("people", [20, 80])
def test_a_rebuild_holds_few_rows_in_memory_however_long_the_log_is(
    report: Reports, many_flushes: None, tmp_path: Path, people: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    row_counts: list[int] = []
    add = FactBatch.add

    def counted(self: FactBatch, events: Sequence[Recorded]) -> None:
        add(self, events)
        row_counts.append(self.row_count)

    monkeypatch.setattr(FactBatch, "add", counted)
    with closing(sqlite_log(random_history(5, people), tmp_path / "some.sqlite")) as log:
        report.rebuild(log)
    assert len(row_counts) > people
    assert max(row_counts) < 30 + 7 * 6  # MAX_ROWS, and a page of events of at most six rows each


@pytest.mark.parametrize("pages", [1, 9, 17, 25])
def test_a_rebuild_resumes_where_the_last_one_was_interrupted(report: Reports, log: SqliteStore, many_flushes: None, pages: int) -> None:
    first, second = interrupted(log, pages), interrupted(log, 1_000)
    with pytest.raises(KeyboardInterrupt):
        report.rebuild(first)
    report.rebuild(second)
    assert first.read_from[0] == 0
    assert (second.read_from[0] > 0) == (pages > 1)
    assert second.read_from[0] in first.read_from
    assert table_contents(report) == table_contents(folded_in_memory(events_of(log)))


def test_a_rebuild_by_another_version_is_not_resumed(
    report: Reports, log: SqliteStore, many_flushes: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(KeyboardInterrupt):
        report.rebuild(interrupted(log, 17))
    with monkeypatch.context() as patch:
        patch.setattr(report.models, "version", "facts of another version")
        store = interrupted(log, 1_000)
        report.rebuild(store)
    assert store.read_from[0] == 0
    report.rebuild(log)
    assert table_contents(report) == table_contents(folded_in_memory(events_of(log)))


def test_a_rebuild_of_another_log_is_not_resumed(report: Reports, log: SqliteStore, many_flushes: None, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        report.rebuild(interrupted(log, 17))
    with closing(sqlite_log(random_history(8, 20), tmp_path / "other.sqlite", now=True)) as other:
        report.rebuild(other)
        assert table_contents(report) == table_contents(folded_in_memory(events_of(other)))


KILL_POINTS = (
    "Rebuild.start_or_resume after",
    "Rebuild.flush before",
    "Rebuild.flush after",
    "create_indexes before",
    "create_indexes after",
    "Rebuild.swap after",
)


@pytest.mark.parametrize("kill_point", KILL_POINTS)
def test_a_rebuild_that_is_killed_changes_nothing_and_the_next_one_succeeds(
    kill_point: str, report: Reports, url: str, log: SqliteStore, tmp_path: Path
) -> None:
    events = events_of(log)
    report.apply(events[:50])
    before = table_contents(report)
    call, when = kill_point.split()
    environment = {"PARCOURS_EVENT_STORE": f"sqlite:///{log.path}", "PARCOURS_READ_MODELS": url}
    death = (f"services.reporting.projection.rebuild:{call}", when, 1)
    rebuild = Process("rebuild", "--data", str(tmp_path / "data"), env=environment, log=tmp_path / "output", death=death)
    rebuild.start()
    assert rebuild.child is not None
    assert rebuild.child.wait(120) == -signal.SIGKILL, rebuild.log.read_text()
    assert table_contents(report) == before
    report.apply(events[:60])
    report.rebuild(log)
    assert table_contents(report) == table_contents(folded_in_memory(events))
    assert all_figures(report) == all_figures(folded_in_memory(events))
    assert set(inspect(report.models.engine).get_table_names()) == set(TABLES)
