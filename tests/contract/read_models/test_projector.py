"""What the reporting service finds when it begins: nothing, its own tables, those of another version, those of another log."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text, update

from services.reporting.facts.tables import TABLES
from services.reporting.projection.projector import Projector
from services.reporting.projection.schema import maker
from services.reporting.queries.reports import Reports
from shared.errors import Unavailable
from shared.message import EventMessage
from shared.store.sqlite.store import SqliteStore
from tests.contract.read_models.tables import contents, in_memory, lives, recorded
from tests.unit.reporting.history import ORNE


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteStore]:
    with closing(recorded(lives(7, 20), tmp_path / "log.sqlite")) as store:
        yield store


def events_of(log: SqliteStore) -> list[EventMessage]:
    return log.read_all(0, 10_000)


def made_by(report: Reports) -> str:
    with report.models.reading() as connection:
        return maker(connection, TABLES)


def test_empty_tables_are_made_from_the_whole_log_and_its_own_go_on(report: Reports, log: SqliteStore) -> None:
    upkeep = Projector(report, log)
    assert upkeep.checkpoint() == log.head() == report.position()
    assert contents(report) == contents(in_memory(events_of(log)))
    before = made_by(report)
    assert upkeep.checkpoint() == log.head()
    assert made_by(report) == before


def test_an_empty_log_is_waited_for(report: Reports, tmp_path: Path) -> None:
    with closing(SqliteStore(tmp_path / "empty.sqlite")) as log:
        assert Projector(report, log).checkpoint() == 0


@pytest.mark.parametrize("column", ["", "ALTER TABLE step ADD COLUMN forgotten TEXT"])
@pytest.mark.parametrize("empty", [False, True])
def test_those_of_another_version_are_made_anew_whatever_their_shape(
    report: Reports, log: SqliteStore, tmp_path: Path, column: str, empty: bool
) -> None:
    report.apply(events_of(log)[:60])
    with report.models.writing() as connection:
        connection.execute(update(TABLES["checkpoint"]).values(name="facts as they were", position=10**9))
        if column:
            connection.execute(text(column))
    with closing(SqliteStore(tmp_path / "empty.sqlite") if empty else log) as found:
        upkeep = Projector(report, found)
        assert upkeep.checkpoint() == found.head() == upkeep.position()
        assert contents(report) == contents(in_memory(events_of(found)))


def test_those_of_another_log_say_so_until_they_are_made_from_this_one(url: str, log: SqliteStore, tmp_path: Path) -> None:
    """A log was taken back to an earlier copy, and in the second case it has grown again past where the read models stand."""
    with closing(Reports(url, ORNE, log.read_at)) as report:
        report.apply(events_of(log))
        assert Projector(report, log).checkpoint() == log.head()
    for name, people in (("shorter", 10), ("longer", 40)):
        other = recorded(lives(people, people), tmp_path / f"{name}.sqlite", now=True)
        with closing(other), closing(Reports(url, ORNE, other.read_at)) as report:
            with pytest.raises(Unavailable, match="parcours rebuild"):
                Projector(report, other).checkpoint()
            assert report.rebuild(other) == Projector(report, other).checkpoint() == other.head()
            assert contents(report) == contents(in_memory(events_of(other)))


def test_a_figure_is_asked_anew_when_another_process_has_made_the_tables_anew(url: str, log: SqliteStore) -> None:
    with closing(Reports(url, ORNE, log.read_at)) as serving, closing(Reports(url, ORNE, log.read_at)) as rebuilding:
        serving.apply(events_of(log))
        right = serving.figures("all", "2023-Q1")
        with serving.models.writing() as connection:  # facts as a fault of the fold would leave them
            connection.execute(text("DELETE FROM person"))
        with serving.lock:
            serving.sheets.clear()
        assert serving.figures("all", "2023-Q1") != right
        rebuilding.rebuild(log)
        assert serving.figures("all", "2023-Q1") == right
