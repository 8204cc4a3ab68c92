"""Tree heads, and the log as it is stored, are the same in every adapter that keeps them."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import msgspec
import psycopg
import pytest

from shared.errors import Unavailable
from shared.store.archive import Line
from shared.store.lease import Lease
from shared.store.port import Checkpoints
from shared.store.postgres.checkpoints import PostgresCheckpoints
from shared.store.postgres.tree_heads import PostgresTreeHeads
from shared.store.sqlite.checkpoints import SqliteCheckpoints
from shared.store.sqlite.tree_heads import SqliteTreeHeads
from shared.store.stored import Log
from shared.store.tree_heads import TreeHead, TreeHeads, all_heads
from tests.contract.store.writing import append

CHANGES = ["update tree_heads set note = 'x'", "delete from tree_heads", "delete from tree_heads where size = 5"]
REPLACEMENTS = ["insert or replace into tree_heads values (5, 7, 'x', '', '')", "insert into tree_heads values (4, 7, 'x', '', '')"]


def head(size: int, note: str = "é\n— log") -> TreeHead:
    return TreeHead(size, 2**40 + size, note, f"subtrees of {size}", f"leaves of {size}")


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "log.sqlite") if request.param == "sqlite" else str(request.getfixturevalue("postgres_dsn"))


@pytest.fixture
def heads(place: str) -> Iterator[TreeHeads]:
    heads: TreeHeads = PostgresTreeHeads(place) if place.startswith("postgres") else SqliteTreeHeads(Path(place))
    yield heads
    heads.close()


@pytest.fixture
def leases(place: str) -> Checkpoints:
    return PostgresCheckpoints(place) if place.startswith("postgres") else SqliteCheckpoints(Path(place))


def test_heads_are_kept_in_order_and_read_in_pages(heads: TreeHeads) -> None:
    assert heads.last() is None
    assert heads.after(0, 10) == []
    heads.add([head(5), head(9)], 0, True)
    heads.add([head(10)], 9, True)
    assert heads.last() == head(10)
    assert [each.size for each in heads.after(5, 10)] == [9, 10]
    assert [each.size for each in heads.after(0, 2)] == [5, 9]
    heads.add([head(size) for size in range(11, 200)], 10, True)
    assert [*all_heads(heads)] == [head(size) for size in (5, 9, *range(10, 200))]


def test_nothing_is_added_after_another_head_than_the_last(heads: TreeHeads) -> None:
    heads.add([head(5)], 0, True)
    for after in (0, 4, 6):
        with pytest.raises(Unavailable, match="meanwhile"):
            heads.add([head(7)], after, True)
    assert [*all_heads(heads)] == [head(5)]


def test_a_holder_that_lost_its_lease_adds_nothing(heads: TreeHeads, leases: Checkpoints) -> None:
    with leases.lease("sealer", 1) as held:
        heads.add([head(5)], 0, held)
    with leases.lease("sealer", 1) as later:
        assert later
        with pytest.raises(Unavailable, match="the lease sealer was lost"):
            heads.add([head(7)], 5, held)
        assert isinstance(held, Lease)
        heads.add([head(8)], 5, later)
    assert [each.size for each in all_heads(heads)] == [5, 8]


def test_sqlite_refuses_to_change_or_replace_a_head(tmp_path: Path) -> None:
    SqliteTreeHeads(tmp_path / "log.sqlite").add([head(5)], 0, True)
    for change in [*CHANGES, *REPLACEMENTS]:
        with closing(sqlite3.connect(tmp_path / "log.sqlite")) as connection, pytest.raises(sqlite3.IntegrityError, match="never"):
            connection.execute(change)


@pytest.mark.parametrize("change", [*CHANGES, "truncate tree_heads"])
def test_postgres_refuses_to_change_a_head_even_for_the_owner(postgres_dsn: str, change: str) -> None:
    PostgresTreeHeads(postgres_dsn).add([head(5)], 0, True)
    with psycopg.connect(postgres_dsn) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege, match="never"):
        connection.execute(change.encode())


def test_the_service_role_seals(postgres_dsn: str) -> None:
    PostgresTreeHeads(postgres_dsn).add([head(5)], 0, True)
    service = psycopg.conninfo.make_conninfo(postgres_dsn, options="-c role=parcours_service")
    heads = PostgresTreeHeads(service)
    with PostgresCheckpoints(service).lease("sealer", 1) as held:
        heads.add([head(6)], 5, held)
    assert heads.last() == head(6)


def test_the_stored_log_is_the_line_of_every_event_and_the_columns_beside_it(store: Log) -> None:
    """On every store: a line is what `message.line` makes, the same bytes at each reading, and the columns follow from it."""
    for number in range(3):
        store.append(append(f"s-{number}", 0, 2))
    stored = store.read_stored(0, 100)
    assert len(stored) == 6
    previous = 0
    for each, event in zip(stored, store.read_all(0), strict=True):
        line = msgspec.json.decode(each.line, type=Line)
        assert (line.position, line.subject, line.streamversion, line.type) == each[:4]
        assert line.previous == previous
        assert datetime.fromisoformat(line.recordedtime) == datetime.fromisoformat(each.recorded) == event.recordedtime
        assert len(each.recorded) == len("2024-04-02T09:30:00.000000+00:00")
        assert each.line.startswith(b'{"previous":%d,"position":%d,' % (previous, each.position))
        previous = each.position
    assert store.read_stored(stored[1].position, 2) == stored[2:4]
    assert store.read_stored(stored[-1].position, 5) == []
    assert store.read_stored(0, 0) == []
