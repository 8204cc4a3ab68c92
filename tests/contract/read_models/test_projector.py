"""The projector at its start: with empty tables, with its own, with those of another version or of another log."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text, update

from services.reporting.facts.tables import TABLES
from services.reporting.projection.projector import Projector
from services.reporting.projection.schema import build_name
from services.reporting.queries.reports import Reports
from shared.errors import Unavailable
from shared.message import EventMessage
from shared.store.sqlite.store import SqliteStore
from tests.contract.read_models.tables import folded_in_memory, random_history, sqlite_log, table_contents
from tests.unit.reporting.history import ORNE


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteStore]:
    with closing(sqlite_log(random_history(7, 20), tmp_path / "log.sqlite")) as store:
        yield store


def events_of(log: SqliteStore) -> list[EventMessage]:
    return log.read_all(0, 10_000)


def live_build(report: Reports) -> str:
    with report.models.reading() as connection:
        return build_name(connection, TABLES)


def test_empty_tables_are_rebuilt_from_the_log_and_current_ones_are_kept(report: Reports, log: SqliteStore) -> None:
    projector = Projector(report, log)
    assert projector.checkpoint() == log.head() == report.position()
    assert table_contents(report) == table_contents(folded_in_memory(events_of(log)))
    before = live_build(report)
    assert projector.checkpoint() == log.head()
    assert live_build(report) == before


def test_an_empty_log_needs_no_rebuild(report: Reports, tmp_path: Path) -> None:
    with closing(SqliteStore(tmp_path / "empty.sqlite")) as log:
        assert Projector(report, log).checkpoint() == 0


@pytest.mark.parametrize("column", ["", "ALTER TABLE step ADD COLUMN forgotten TEXT"])
@pytest.mark.parametrize("empty", [False, True])
def test_tables_of_another_version_are_rebuilt_whatever_their_columns(
    report: Reports, log: SqliteStore, tmp_path: Path, column: str, empty: bool
) -> None:
    report.apply(events_of(log)[:60])
    with report.models.writing() as connection:
        connection.execute(update(TABLES["checkpoint"]).values(name="facts of another version", position=10**9))
        if column:
            connection.execute(text(column))
    with closing(SqliteStore(tmp_path / "empty.sqlite") if empty else log) as current_log:
        projector = Projector(report, current_log)
        assert projector.checkpoint() == current_log.head() == projector.position()
        assert table_contents(report) == table_contents(folded_in_memory(events_of(current_log)))


def test_tables_of_another_log_are_refused_until_they_are_rebuilt_from_this_one(url: str, log: SqliteStore, tmp_path: Path) -> None:
    """The log was restored from an earlier backup; in the second case it has since grown past the checkpoint of the read models."""
    with closing(Reports(url, ORNE, log.read_at)) as report:
        report.apply(events_of(log))
        assert Projector(report, log).checkpoint() == log.head()
    for name, people in (("shorter", 10), ("longer", 40)):
        other = sqlite_log(random_history(people, people), tmp_path / f"{name}.sqlite", now=True)
        with closing(other), closing(Reports(url, ORNE, other.read_at)) as report:
            with pytest.raises(Unavailable, match="parcours rebuild"):
                Projector(report, other).checkpoint()
            assert report.rebuild(other) == Projector(report, other).checkpoint() == other.head()
            assert table_contents(report) == table_contents(folded_in_memory(events_of(other)))


def test_a_cached_figure_is_computed_again_after_another_process_has_rebuilt_the_tables(url: str, log: SqliteStore) -> None:
    with closing(Reports(url, ORNE, log.read_at)) as serving, closing(Reports(url, ORNE, log.read_at)) as rebuilding:
        serving.apply(events_of(log))
        expected = serving.figures("all", "2023-Q1")
        with serving.models.writing() as connection:  # wrong facts at the same position, as a bug in the fold would leave them
            connection.execute(text("DELETE FROM balance"))
        with serving.lock:
            serving.figure_sets.clear()
        assert serving.figures("all", "2023-Q1") != expected
        rebuilding.rebuild(log)
        assert serving.figures("all", "2023-Q1") == expected
