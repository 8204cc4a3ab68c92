"""Opening a file: a new one by several processes at once, one of an earlier version, and one that is not a log."""

import multiprocessing
import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from shared.errors import Damaged, Outdated, Unavailable
from shared.store.sqlite.checkpoints import SqliteCheckpoints
from shared.store.sqlite.connections import enable_write_ahead_log, file_size
from shared.store.sqlite.store import SqliteStore
from tests.contract.store.writing import all_events, append

STARTERS, FILES = 6, 20
Opens = Callable[[Path], SqliteStore | SqliteCheckpoints]
CREATE_EARLIER_SHAPE = """
create table events (position integer primary key, stream text, version integer, recorded_at text, body text);
insert into events values (1, 'a', 1, '2024-01-01', '{}');
"""


def start(folder: Path, number: int, barrier: Barrier) -> None:
    try:
        for file in range(FILES):
            barrier.wait(60)
            SqliteCheckpoints(folder / f"{file}.sqlite").save("relay", 1 + number)
            SqliteStore(folder / f"{file}.sqlite").append(append(f"s{number}"))
    except BaseException:
        barrier.abort()
        raise


def test_several_processes_can_open_a_new_file_at_once(tmp_path: Path) -> None:
    processes = multiprocessing.get_context("spawn")
    barrier = processes.Barrier(STARTERS)
    starters = [processes.Process(target=start, args=(tmp_path, number, barrier)) for number in range(STARTERS)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join()
    assert [starter.exitcode for starter in starters] == [0] * STARTERS
    for file in range(FILES):
        assert len(all_events(SqliteStore(tmp_path / f"{file}.sqlite"))) == STARTERS
        assert SqliteCheckpoints(tmp_path / f"{file}.sqlite").load("relay") == STARTERS


def test_opening_a_new_file_waits_for_its_current_writer(tmp_path: Path) -> None:
    """In the one state in which SQLite itself does not wait: another process writes to a file that is not in WAL mode yet."""
    path = tmp_path / "log.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("begin immediate")
        threading.Timer(0.3, lambda: other.execute("rollback")).start()
        assert SqliteStore(path).append(append("a")).version == 1


def test_a_file_system_without_write_ahead_logs_is_refused(tmp_path: Path) -> None:
    """WAL needs shared memory. The VFS `unix-dotfile` has none, so SQLite stays in another mode without an error."""
    connection = sqlite3.connect(f"file:{tmp_path}/log.sqlite?vfs=unix-dotfile", uri=True)
    with closing(connection), pytest.raises(sqlite3.OperationalError, match="supports SQLite"):
        enable_write_ahead_log(connection)


def write_earlier_version(path: Path, state: str) -> None:
    """Write a file as the earlier version did. `killed`: its last events are still in the write-ahead log beside the file."""
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute(f"pragma journal_mode = {'delete' if state == 'rollback-journal' else 'wal'}")
        file.executescript(CREATE_EARLIER_SHAPE)
        if state == "killed":
            for suffix in ("", "-wal"):
                shutil.copy(f"{path}{suffix}", f"{path}{suffix}.kept")
    if state == "killed":
        for kept in path.parent.glob("*.kept"):
            kept.rename(kept.with_suffix(""))


@pytest.mark.parametrize("opens", [SqliteStore, SqliteCheckpoints])
@pytest.mark.parametrize("state", ["rollback-journal", "closed", "killed"])
def test_a_file_of_an_earlier_version_is_refused_and_left_unchanged(tmp_path: Path, state: str, opens: Opens) -> None:
    path = tmp_path / "log.sqlite"
    write_earlier_version(path, state)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert set(before) == {"log.sqlite", "log.sqlite-wal"} if state == "killed" else {"log.sqlite"}
    with pytest.raises(Outdated, match="earlier version"):
        opens(path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir() if file.name != "log.sqlite-shm"} == before
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("select body from events").fetchall() == [("{}",)]


@pytest.mark.parametrize("opens", [SqliteStore, SqliteCheckpoints])
def test_a_file_that_is_not_a_database_is_unavailable_and_left_unchanged(tmp_path: Path, opens: Opens) -> None:
    text = b"This is not a database, and it is longer than the header of one. " * 4
    (tmp_path / "text").write_bytes(text)
    (tmp_path / "folder").mkdir()
    for name in ("text", "folder", "text/log.sqlite"):
        with pytest.raises(Unavailable, match=name.rpartition("/")[2]):
            opens(tmp_path / name)
    assert (tmp_path / "text").read_bytes() == text
    assert sorted(file.name for file in tmp_path.iterdir()) == ["folder", "text"]


def test_a_folder_that_cannot_be_written_is_named_as_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "log.sqlite").mkdir()
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(Unavailable, match=r"log\.sqlite: unable to open database file .*cannot be written"):
        SqliteStore(tmp_path / "log.sqlite")


def test_a_corrupt_file_is_unavailable(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "log.sqlite")
    store.append(append("a", size=200))
    with closing(sqlite3.connect(store.path)) as other:
        other.execute("pragma wal_checkpoint(truncate)")
    with store.path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (store.path.stat().st_size - 4096))
    with pytest.raises(Unavailable, match="malformed"):
        all_events(SqliteStore(store.path))


def test_a_lease_whose_file_cannot_be_opened_is_unavailable(tmp_path: Path) -> None:
    checkpoints = SqliteCheckpoints(tmp_path / "log.sqlite")
    (tmp_path / "log.sqlite.relay.lease").mkdir()
    with pytest.raises(Unavailable), checkpoints.lease("relay", 0):
        pass


def test_a_separate_checkpoints_file_contains_no_log(tmp_path: Path) -> None:
    checkpoints = SqliteCheckpoints(tmp_path / "checkpoints.sqlite")
    assert checkpoints.connection.execute("select name from sqlite_master").fetchall() == [
        (b"checkpoints",),
        (b"leases",),
        (b"coverage",),
    ]


def test_a_missing_file_has_the_size_zero(tmp_path: Path) -> None:
    assert file_size(tmp_path / "log.sqlite-wal") == 0


def test_connections_flush_each_commit_to_the_disk(tmp_path: Path) -> None:
    store, checkpoints = SqliteStore(tmp_path / "log.sqlite"), SqliteCheckpoints(tmp_path / "log.sqlite")
    for connection in (store.writer.connection, checkpoints.connection):
        assert connection.execute("pragma synchronous").fetchone() == (2,)  # full
        assert connection.execute("pragma journal_mode").fetchone() == (b"wal",)


def append_together(store: SqliteStore) -> None:
    with store.together():
        store.append(append("c"))


@pytest.mark.parametrize(
    "meet",
    [
        lambda store: store.append(append("c")),
        append_together,
        lambda store: store.read_stream("a"),
        lambda store: store.read_streams(["a"]),
        lambda store: store.read_at([1]),
    ],
    ids=["append", "together", "stream", "streams", "positions"],
)
def test_damage_that_anybody_meets_is_told_to_those_who_follow_the_log(tmp_path: Path, meet: Callable[[SqliteStore], object]) -> None:
    """Their own connection has the pages in memory, and would notice nothing for as long as nothing is recorded."""
    path = tmp_path / "log.sqlite"
    with closing(SqliteStore(path)) as store, closing(SqliteStore(path)) as another:
        store.append(append("a"))
        another.append(append("b"))  # which the writer of the first one has to read
        assert not store.wait(store.head(), 0)
        store.lookup_readers.close()
        for suffix in ("", "-wal"):
            with (tmp_path / f"log.sqlite{suffix}").open("r+b") as file:
                file.write(b"\x07" * 100_000)
        assert store.head() > 0
        with pytest.raises(Damaged):
            meet(store)
        with pytest.raises(Damaged):
            store.wait(0, 0)
