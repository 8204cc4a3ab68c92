"""A full disk: appends are unavailable and leave nothing, readers continue; when there is space again, so do appends, without a restart."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import psycopg
import pytest

from shared.errors import Unavailable
from shared.store.port import Append, EventStore
from shared.store.postgres.store import PostgresStore
from shared.store.sqlite.checkpoints import SqliteCheckpoints
from shared.store.sqlite.store import SqliteStore
from tests.contract.store.invariants import assert_log_invariants
from tests.contract.store.writing import all_events, append, event, open_store
from tests.servers import PostgresServer, SmallDisk, small_disk
from tests.servers import Unavailable as NotPossible

BIG = b'"' + Random(1).randbytes(50_000).hex().encode() + b'"'  # 100 kB that no database can compress


def big(stream: str, expected: int = 0, size: int = 10) -> Append:
    return Append(stream, expected, [event(stream, data=BIG) for _ in range(size)])


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    try:
        with small_disk(64) as disk:
            yield disk
    except NotPossible as fault:
        pytest.skip(f"mounting a small disk was not permitted: {fault}")


def check_full_disk(store: EventStore, address: str, disk: SmallDisk) -> None:
    stored = [append("a", 0, 3), big("b", size=3)]
    for each in stored:
        store.append(each)
    disk.fill(left=300_000)
    refused = big("c", size=20)
    with pytest.raises(Unavailable, match=r"disk|space|full"):
        store.append(refused)
    assert store.read_stream("c") == []
    disk.fill()
    with pytest.raises(Unavailable):
        store.append_many([append("d"), refused])
    for reader in (store, open_store(address)):
        assert [event.id for event in all_events(reader)] == [event.id for each in stored for event in each.events]
        assert reader.append(stored[1]).version == 3
    disk.clear()
    assert store.append(refused).version == 20
    assert store.append(append("d")).position == store.head()
    assert_log_invariants(all_events(store))
    assert len(all_events(store)) == 27


def until_unavailable(call: Callable[[int], object]) -> int:
    """Call with 0, 1, 2… and return how many calls succeeded before one was unavailable."""
    for done in range(10_000):
        try:
            call(done)
        except Unavailable:
            return done
    raise AssertionError("the disk was never full")


def test_sqlite_survives_a_full_disk(disk: SmallDisk) -> None:
    path = disk.path / "log.sqlite"
    check_full_disk(SqliteStore(path), str(path), disk)


def test_checkpoints_survive_a_full_disk(disk: SmallDisk) -> None:
    checkpoints = SqliteCheckpoints(disk.path / "log.sqlite")
    checkpoints.save("relay", 1)
    disk.fill()
    saved = until_unavailable(lambda done: checkpoints.save("relay", 2 + done)) + 1
    assert checkpoints.load("relay") == saved
    disk.clear()
    checkpoints.save("relay", saved + 1)
    assert checkpoints.load("relay") == saved + 1


def test_postgres_survives_a_full_disk(disk: SmallDisk, own_postgres: PostgresServer) -> None:
    """The tables are on the full disk."""
    folder = disk.folder_of("postgres")
    with psycopg.connect(own_postgres.dsn, autocommit=True) as connection:
        connection.execute(f"create tablespace small location '{folder}'".encode())
        connection.execute("create database small tablespace small template template0")
    dsn = own_postgres.dsn.replace("/postgres", "/small")
    check_full_disk(PostgresStore(dsn), dsn, disk)


def test_postgres_that_stops_on_a_full_disk_keeps_what_it_acknowledged(disk: SmallDisk, own_postgres: PostgresServer) -> None:
    """The write-ahead log is on the full disk: the server stops, and continues when there is space and it is started again."""
    log = Path(own_postgres.data, "pg_wal")
    own_postgres.stop()
    subprocess.run(["cp", "-a", log, disk.folder_of("postgres")], check=True)
    shutil.rmtree(log)
    log.symlink_to(disk.path / "postgres" / "pg_wal")
    own_postgres.start()
    store = PostgresStore(own_postgres.dsn)
    disk.fill()
    acknowledged = until_unavailable(lambda done: store.append(big("a", 10 * done)))
    disk.clear()
    own_postgres.restart()
    assert [event.streamversion for event in store.read_stream("a")] == list(range(1, 10 * acknowledged + 1))
    assert store.append(big("a", 10 * acknowledged)).version == 10 * acknowledged + 10
    assert_log_invariants(all_events(store))


LIMIT_FILE_SIZE = """
import resource, sys
from pathlib import Path
from shared.errors import Unavailable
from shared.store.sqlite.checkpoints import SqliteCheckpoints
from shared.store.sqlite.store import SqliteStore
from tests.contract.store.test_full_disk import big
from tests.contract.store.writing import append, all_events

def print_fault(call):
    try:
        call()
    except Unavailable as fault:
        print(fault)

path = Path(sys.argv[1])
store, checkpoints = SqliteStore(path), SqliteCheckpoints(path)
store.append(append("a", 0, 3))
limits = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (path.with_name(path.name + "-wal").stat().st_size, limits[1]))
refused = big("b", size=20)
print_fault(lambda: store.append(refused))
print_fault(lambda: checkpoints.save("relay", 1))
print(len(all_events(store)), checkpoints.load("relay"))
resource.setrlimit(resource.RLIMIT_FSIZE, limits)
checkpoints.save("relay", 1)
print(store.append(refused).version, len(all_events(store)), checkpoints.load("relay"))
"""


def test_a_file_at_its_size_limit_is_unavailable(tmp_path: Path) -> None:
    """Writing fails with an I/O error instead of "disk full", as with a failing disk or a quota."""
    command = [sys.executable, "-c", LIMIT_FILE_SIZE, str(tmp_path / "log.sqlite")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"{tmp_path / 'log.sqlite'}: disk I/O error"] * 2 + ["3 0", "20 23 1"]
