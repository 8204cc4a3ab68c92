"""The least that reading can be: bytes come out of the log and are dropped; and the fold alone, over events that are in memory."""

import random
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path

import psycopg

from shared.store.sqlite.connections import connect
from tests.bench.alone import Run
from tests.bench.floors import TEXT, is_postgres
from tests.bench.light import Tally, shaped
from tests.bench.measuring import Begin, Work
from tests.contract.store.writing import open_store

SELECT, COPY_OUT, FOLD = "bare SELECT", "raw COPY out", "bare fold"
IN_MEMORY = 25  # pages


def whole(log: str, models: str) -> Run:
    return lambda: copied(log) if is_postgres(log) else selected(log)


def copied(dsn: str) -> int:
    with psycopg.connect(dsn) as connection, connection.cursor() as cursor:
        with cursor.copy("copy events to stdout (format binary)") as copy:
            for _ in copy:
                pass
        return cursor.rowcount


def selected(path: str) -> int:
    with closing(connect(Path(path))) as connection:
        return sum(1 for _ in connection.execute("select * from events order by position"))


def fold(log: str, models: str) -> Run:
    """Over the first pages of the log: a million events in memory would measure the memory."""
    with closing(open_store(log)) as store:
        kept = list(islice(shaped(store), IN_MEMORY))

    def folded() -> int:
        tally = Tally()
        for page in kept:
            tally.fold(page, page[-1].position)
        return tally.total

    return folded


@contextmanager
def loads(address: str, streams: list[str], size: int) -> Iterator[Begin]:
    @contextmanager
    def begin() -> Iterator[Work]:
        chance = random.Random(1)
        with postgres_load(address) if is_postgres(address) else sqlite_load(address) as load:

            def work() -> int:
                assert load(chance.choice(streams)) >= size
                return 1

            yield work

    yield begin


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
