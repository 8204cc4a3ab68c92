"""Floors for reads: bytes are read from the log and dropped, without decoding; and the fold alone, over events in memory."""

import random
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path

import psycopg

from shared.store.sqlite.connections import connect
from tests.bench.floors import TEXT, is_postgres
from tests.bench.light_fold import Tally, pages_of_log
from tests.bench.measuring import OpenWorker, Work
from tests.bench.own_process import Run
from tests.contract.store.writing import open_store

SELECT, COPY_OUT, FOLD = "bare SELECT", "raw COPY out", "bare fold"
PAGES_IN_MEMORY = 25


def whole(log: str, models: str) -> Run:
    return lambda: copy_out(log) if is_postgres(log) else select_all(log)


def copy_out(dsn: str) -> int:
    with psycopg.connect(dsn) as connection, connection.cursor() as cursor:
        with cursor.copy("copy events to stdout (format binary)") as copy:
            for _ in copy:
                pass
        return cursor.rowcount


def select_all(path: str) -> int:
    with closing(connect(Path(path))) as connection:
        return sum(1 for _ in connection.execute("select * from events order by position"))


def fold(log: str, models: str) -> Run:
    """Fold the first pages of the log: with all events in memory this would measure the memory."""
    with closing(open_store(log)) as store:
        pages = list(islice(pages_of_log(store), PAGES_IN_MEMORY))

    def folded() -> int:
        tally = Tally()
        for page in pages:
            tally.fold(page, page[-1].position)
        return tally.total

    return folded


@contextmanager
def loads(address: str, streams: list[str], size: int) -> Iterator[OpenWorker]:
    @contextmanager
    def open_worker() -> Iterator[Work]:
        generator = random.Random(1)
        with postgres_load(address) if is_postgres(address) else sqlite_load(address) as load:

            def work() -> int:
                assert load(generator.choice(streams)) >= size
                return 1

            yield work

    yield open_worker


@contextmanager
def postgres_load(dsn: str) -> Iterator[Callable[[str], int]]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        pg = connection.pgconn
        pg.prepare(b"load", b"select position, version, recorded_at, message from events where stream = $1 order by version", [TEXT])
        yield lambda stream: pg.exec_prepared(b"load", [stream.encode()], [1], 1).ntuples


@contextmanager
def sqlite_load(path: str) -> Iterator[Callable[[str], int]]:
    statement = "select position, version, recorded_at, message from events where stream = ? order by version"
    with closing(connect(Path(path))) as connection:
        yield lambda stream: len(connection.execute(statement, (stream,)).fetchall())
