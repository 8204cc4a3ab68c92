"""A rebuild makes the live tables again: beside them, whole, whatever happens meanwhile and wherever it is killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import pytest
from sqlalchemy import inspect, select, text

from services.reporting.facts import tables as t
from services.reporting.facts.tables import TABLES
from services.reporting.projection import fact_batch, rebuild
from services.reporting.projection.fact_batch import FactBatch
from services.reporting.projection.rebuild import Rebuild
from services.reporting.queries.reports import Reports
from shared.errors import Refused, Unavailable
from shared.message import EventMessage, Position, Recorded
from shared.store.port import R
from shared.store.sqlite.store import SqliteStore
from tests.contract.read_models.tables import contents, in_memory, lives, recorded, said
from tests.processes import ROOT
from tests.unit.reporting.history import ORNE


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteStore]:
    store = recorded(lives(7, 20), tmp_path / "log.sqlite")
    yield store
    store.close()


def events_of(log: SqliteStore) -> list[EventMessage]:
    return log.read_all(0, 10_000)


def test_a_rebuild_gives_the_live_tables_again(report: Reports, log: SqliteStore) -> None:
    report.apply(events_of(log)[:50])
    assert report.rebuild(log) == log.head()
    first = contents(report)
    assert report.rebuild(log) == log.head()
    assert contents(report) == first == contents(in_memory(events_of(log)))


def test_the_live_tables_go_on_from_a_rebuild(report: Reports, log: SqliteStore) -> None:
    report.rebuild(Shorter(log.path))
    report.apply(events_of(log))
    assert contents(report) == contents(in_memory(events_of(log)))


def test_a_rebuild_leaves_the_same_tables_and_as_many_indexes(report: Reports, log: SqliteStore) -> None:
    def made() -> list[tuple[str, int]]:
        found = inspect(report.models.engine)
        return sorted((name, len(found.get_indexes(name))) for name in found.get_table_names())

    before = made()
    report.rebuild(log)
    report.rebuild(log)
    assert made() == before
    Reports(report.models.engine.url.render_as_string(hide_password=False).replace("+psycopg", ""), ORNE, log.read_at).close()
    assert made() == before


class Shorter(SqliteStore):
    """A log whose last events are not written yet."""

    def head(self) -> Position:
        return 40


class Growing(SqliteStore):
    """A log that is still being written when a rebuild first asks for its end."""

    asked = 0

    def head(self) -> Position:
        self.asked += 1
        return 30 if self.asked == 1 else super().head()


def test_a_rebuild_never_takes_the_live_tables_back(report: Reports, log: SqliteStore) -> None:
    store = Growing(log.path)
    events = events_of(log)
    report.apply(events)
    store.asked = 0
    assert report.rebuild(store) == report.position() == events[-1].position
    assert contents(report) == contents(in_memory(events))
    store.close()


def test_events_that_are_applied_during_rebuilds_are_all_there(report: Reports, log: SqliteStore) -> None:
    events = events_of(log)
    ended = Event()

    def rebuilds() -> int:
        count = 0
        while not ended.is_set() or not count:
            report.rebuild(log)
            count += 1
        return count

    with ThreadPoolExecutor(1) as pool:
        rebuilding = pool.submit(rebuilds)
        for end in range(5, len(events) + 5, 5):
            report.apply(events[:end])
        ended.set()
        assert rebuilding.result() > 0
    assert contents(report) == contents(in_memory(events))


def test_a_reader_keeps_its_moment_while_the_tables_are_swapped(report: Reports, log: SqliteStore) -> None:
    report.apply(events_of(log))
    with report.models.reading() as connection:
        connection.execute(text("SELECT 1"))
        rebuilding = Thread(target=report.rebuild, args=(log,))
        rebuilding.start()
        rebuilding.join(2)
        people = len(connection.execute(select(t.person)).all())
    rebuilding.join()
    assert people == 20


def test_a_rebuild_that_readers_never_let_in_says_so_and_the_next_one_goes_on(postgres_dsn: str, log: SqliteStore) -> None:
    with closing(Reports(postgres_dsn, ORNE, log.read_at)) as report:
        report.apply(events_of(log)[:50])
        with pytest.MonkeyPatch.context() as short, report.models.reading():
            short.setattr(rebuild, "PATIENCE", "50ms")
            with pytest.raises(Unavailable, match="goes on from here"):
                report.rebuild(log)
        store = cut(log, 0)
        assert report.rebuild(store) == log.head()
        assert store.places == []
        assert contents(report) == contents(in_memory(events_of(log)))


def test_of_two_rebuilds_at_once_the_later_one_goes_on(report: Reports, log: SqliteStore) -> None:
    report.apply(events_of(log)[:50])
    earlier = Rebuild(report.models, log)
    earlier.begin()
    report.rebuild(log)
    with pytest.raises(Refused, match="plus récente"):
        earlier.build()
    assert contents(report) == contents(in_memory(events_of(log)))


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few events a page and few rows in memory: a small log is written in many parts, as a large one is."""
    monkeypatch.setattr(fact_batch, "FULL", 30)
    monkeypatch.setattr(rebuild, "BATCH", 7)


class Cut(SqliteStore):
    """A log whose reader is cut off after some pages, and that knows from where it was read."""

    pages: int
    places: list[Position]

    def read_as(self, shape: type[R], after: Position, limit: int = 1_000) -> list[R]:
        self.places.append(after)
        if len(self.places) > self.pages:
            raise KeyboardInterrupt
        return super().read_as(shape, after, limit)


def cut(log: SqliteStore, pages: int) -> Cut:
    store = Cut(log.path)
    store.pages, store.places = pages, []
    return store


def test_a_rebuild_written_in_many_parts_gives_the_same_tables(report: Reports, log: SqliteStore, often: None) -> None:
    report.rebuild(log)
    assert contents(report) == contents(in_memory(events_of(log)))
    assert said(report) == said(in_memory(events_of(log)))


@pytest.mark.parametrize("people", [20, 80])
def test_a_rebuild_holds_few_rows_in_memory_however_long_the_log_is(
    report: Reports, often: None, tmp_path: Path, people: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[int] = []
    take = FactBatch.take

    def counted(self: FactBatch, events: Sequence[Recorded]) -> None:
        take(self, events)
        held.append(self.held)

    monkeypatch.setattr(FactBatch, "take", counted)
    with closing(recorded(lives(5, people), tmp_path / "some.sqlite")) as log:
        report.rebuild(log)
    assert len(held) > people
    assert max(held) < 30 + 7 * 6  # FULL, and a page of events of at most six rows each


@pytest.mark.parametrize("pages", [1, 9, 17, 25])
def test_a_rebuild_goes_on_from_where_the_last_one_was_cut_off(report: Reports, log: SqliteStore, often: None, pages: int) -> None:
    first, second = cut(log, pages), cut(log, 1_000)
    with pytest.raises(KeyboardInterrupt):
        report.rebuild(first)
    report.rebuild(second)
    assert first.places[0] == 0
    assert (second.places[0] > 0) == (pages > 1)
    assert second.places[0] in first.places
    assert contents(report) == contents(in_memory(events_of(log)))


def test_a_rebuild_begun_by_another_version_is_not_continued(
    report: Reports, log: SqliteStore, often: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(KeyboardInterrupt):
        report.rebuild(cut(log, 17))
    monkeypatch.setattr(rebuild, "version", lambda: "rebuild of tomorrow")
    store = cut(log, 1_000)
    report.rebuild(store)
    assert store.places[0] == 0
    assert contents(report) == contents(in_memory(events_of(log)))


def test_a_rebuild_of_another_log_is_not_continued(report: Reports, log: SqliteStore, often: None, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        report.rebuild(cut(log, 17))
    with closing(recorded(lives(8, 20), tmp_path / "other.sqlite", now=True)) as other:
        report.rebuild(other)
        assert contents(report) == contents(in_memory(events_of(other)))


PLACES = (
    "rebuild:Rebuild.begin after",
    "rebuild:Rebuild.write before",
    "rebuild:Rebuild.write after",
    "rebuild:index before",
    "rebuild:Rebuild.swap after",
)


@pytest.mark.parametrize("place", PLACES)
def test_a_rebuild_that_is_killed_changes_nothing_and_the_next_one_succeeds(
    place: str, report: Reports, url: str, log: SqliteStore, tmp_path: Path
) -> None:
    events = events_of(log)
    report.apply(events[:50])
    before = contents(report)
    where, when = place.split()
    given = {"PARCOURS_EVENT_STORE": f"sqlite:///{log.path}", "PARCOURS_READ_MODELS": url}
    command = ["-m", "tests.chaos.dying", f"services.reporting.{where}", when, "1", "rebuild", "--data", str(tmp_path / "data")]
    ended = subprocess.run([sys.executable, *command], cwd=ROOT, env=os.environ | given, check=False, capture_output=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert contents(report) == before
    report.apply(events[:60])
    report.rebuild(log)
    assert contents(report) == contents(in_memory(events))
    assert said(report) == said(in_memory(events))
    assert set(inspect(report.models.engine).get_table_names()) == set(TABLES)
