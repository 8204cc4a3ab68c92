"""A damaged SQLite file of read models is replaced and filled again from the log, whoever meets the damage first; a sound one never is."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Barrier, Thread

import pytest

from services.reporting.projection.damage import DamagedReadModels, renew_file
from services.reporting.projection.projector import Projector
from services.reporting.queries.reports import Reports
from shared.store.sqlite.store import SqliteStore
from tests.contract.read_models.tables import folded_in_memory, random_history, sqlite_log, table_contents
from tests.unit.reporting.history import ORNE

GARBAGE = b"\x07" * 4_096
PAGES = range(1, 40)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteStore]:
    store = sqlite_log(random_history(7, 20), tmp_path / "log.sqlite")
    yield store
    store.close()


def opened(file: Path) -> Reports:
    return Reports(f"sqlite:///{file}", ORNE, lambda positions: [])


def damage(file: Path, *, header: bool) -> None:
    """Overwrite the whole file, or every page but those that are read when it is opened."""
    with file.open("r+b") as opened_file:
        for page in range(0 if header else 6, max(2, file.stat().st_size // len(GARBAGE))):
            opened_file.seek(page * len(GARBAGE))
            opened_file.write(GARBAGE)


@pytest.fixture
def file(tmp_path: Path, log: SqliteStore) -> Path:
    path = tmp_path / "read.sqlite"
    reports = opened(path)
    reports.rebuild(log)
    reports.close()
    return path


def test_damage_is_told_with_the_file_and_the_remedy(file: Path) -> None:
    damage(file, header=True)
    with pytest.raises(DamagedReadModels, match=r"read\.sqlite: file is not a database.*parcours rebuild"):
        opened(file)


@pytest.mark.parametrize("header", [True, False])
def test_a_projection_that_meets_damage_makes_its_tables_again(file: Path, log: SqliteStore, header: bool) -> None:
    reports = opened(file)
    reports.position()
    reports.models.engine.dispose()
    damage(file, header=header)
    with pytest.raises(DamagedReadModels):
        table_contents(reports)
    projector = Projector(reports, log)
    if header:
        with pytest.raises(DamagedReadModels):
            projector.position()
    assert projector.checkpoint() == log.head()
    assert projector.position() == log.head()
    assert table_contents(reports) == table_contents(folded_in_memory(log.read_all(0, 10_000)))


def test_a_rebuild_replaces_a_damaged_file(file: Path, log: SqliteStore) -> None:
    reports = opened(file)
    reports.models.engine.dispose()
    damage(file, header=True)
    assert reports.rebuild(log) == log.head()
    assert table_contents(reports) == table_contents(folded_in_memory(log.read_all(0, 10_000)))


def test_other_processes_read_the_new_file(file: Path, log: SqliteStore) -> None:
    other = opened(file)
    assert other.position() == log.head()  # and keeps the connection
    file.write_bytes(GARBAGE)
    renew_file(file)
    reports = opened(file)
    assert other.position() == 0
    reports.rebuild(log)
    assert other.position() == log.head()


def test_of_several_that_meet_the_damage_one_replaces_the_file(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    damage(file, header=True)
    barrier = Barrier(6)

    def meet() -> None:
        barrier.wait(30)
        renew_file(file)
        opened(file).close()

    threads = [Thread(target=meet) for _ in range(6)]
    with caplog.at_level(logging.WARNING):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert caplog.text.count("is made again") == 1


def test_a_sound_file_is_left_alone(file: Path) -> None:
    before = file.stat().st_ino
    renew_file(file)
    assert file.stat().st_ino == before


OTHER_WRITER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("create table other (id)")
connection.close()
"""


def test_looking_for_damage_does_not_let_another_process_take_the_write_ahead_log_away(file: Path) -> None:
    reports = opened(file)
    reports.position()  # and keeps the connection
    reports.models.check()
    subprocess.run([sys.executable, "-c", OTHER_WRITER, str(file)], check=True, timeout=60)
    assert file.with_name(f"{file.name}-wal").exists(), "the other process took itself for the last one and deleted it"
    with reports.models.reading() as connection:
        assert connection.exec_driver_sql("select count(*) from other").scalar_one() == 0
