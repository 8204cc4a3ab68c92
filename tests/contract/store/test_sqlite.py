"""What only a file can do: be read where it lies in memory."""

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from shared.errors import Outdated
from shared.store.postgres.store import PostgresStore
from shared.store.sqlite.store import SqliteStore
from tests.contract.store.writing import BATCH, batch


def test_streams_are_read_completely_while_the_mapped_file_grows(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "log.sqlite")
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        for number in range(40):
            store.append_many([batch(worker, number) for worker in range(20)])
            if number % 4 == 0:  # what was committed beside the file is put into it, under the reader's eyes
                other.execute("pragma wal_checkpoint(truncate)")
            lives = [store.read_stream(f"worker-{worker}") for worker in range(20)]
            assert {len(life) for life in lives} == {BATCH * (number + 1)}
            assert sorted(event.position for life in lives for event in life) == list(range(1, 20 * BATCH * (number + 1) + 1))
    assert store.path.stat().st_size > 1_000_000


def test_a_log_of_an_earlier_shape_is_left_unchanged(postgres_dsn: str) -> None:
    with psycopg.connect(postgres_dsn) as connection:
        connection.execute("create table public.events (position bigint primary key, stream text, version bigint, body json)")
        connection.execute("insert into public.events values (1, 'a', 1, '{}')")
    with pytest.raises(Outdated, match="earlier version"):
        PostgresStore(postgres_dsn)
    with psycopg.connect(postgres_dsn) as connection:
        assert connection.execute("select count(*) from public.events").fetchone() == (1,)
