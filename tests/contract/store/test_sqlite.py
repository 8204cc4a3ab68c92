"""What only a file can do: be copied while it is written, and be another's."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from shared.errors import Outdated
from shared.store.postgres import PostgresStore
from shared.store.sqlite import SqliteStore
from tests.contract.store.whole import assert_whole
from tests.contract.store.writing import BATCH, batch, everything


def test_a_copy_taken_while_many_write_is_a_whole_log_of_one_moment(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "log.sqlite")
    over = threading.Event()

    def write(worker: int) -> None:
        number = 0
        while not over.is_set():
            store.append(batch(worker, number))
            number += 1

    writers = [threading.Thread(target=write, args=(worker,)) for worker in range(4)]
    for writer in writers:
        writer.start()
    moments = []
    for number in range(5):
        before = store.head()
        store.copy(tmp_path / f"copy-{number}.sqlite")
        moments.append((before, store.head()))
    over.set()
    for writer in writers:
        writer.join()
    whole = everything(store)
    for number, (before, after) in enumerate(moments):
        with closing(SqliteStore(tmp_path / f"copy-{number}.sqlite")) as copy:
            events = everything(copy)
            assert before <= copy.head() <= after
            assert events == whole[: len(events)]
            assert_whole(events)
    assert not list(tmp_path.glob("*.part"))


def test_a_copy_takes_nobodys_place(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "log.sqlite")
    store.append(batch(1, 0))
    other = tmp_path / "other"
    other.write_text("precious")
    with pytest.raises(FileExistsError):
        store.copy(other)
    assert other.read_text() == "precious"


def test_a_copy_is_a_log_that_goes_on(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "log.sqlite")
    store.append(batch(1, 0))
    store.copy(tmp_path / "copy.sqlite")
    with closing(SqliteStore(tmp_path / "copy.sqlite")) as copy:
        assert copy.append(batch(1, 0)) == store.append(batch(1, 0))
        copy.append(batch(1, 1))
        assert copy.head() > store.head()


def test_a_stream_is_read_whole_while_the_mapped_file_grows_and_is_written_over(tmp_path: Path) -> None:
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


def test_a_table_of_an_earlier_version_is_refused_and_left_as_it_is(postgres_dsn: str) -> None:
    with psycopg.connect(postgres_dsn) as connection:
        connection.execute("create table public.events (position bigint primary key, stream text, version bigint, body json)")
        connection.execute("insert into public.events values (1, 'a', 1, '{}')")
    with pytest.raises(Outdated, match="earlier version"):
        PostgresStore(postgres_dsn)
    with psycopg.connect(postgres_dsn) as connection:
        assert connection.execute("select count(*) from public.events").fetchone() == (1,)
