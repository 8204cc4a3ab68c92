"""The least that could be done: rows go into a table like the log's and are committed, bytes come out of the log and are dropped.

They check no version and keep no order, and have no answer to give for an append that is made again.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

import psycopg
from psycopg import pq

from shared.store.sqlite.connections import connect
from tests.bench.measuring import Begin, Work
from tests.bench.samples import TYPE, Row, batches

INSERT, EXECUTE, COPY_IN = "bare INSERT + COMMIT", "the same by psycopg's execute", "COPY in"
BARE_SQLITE = """create table if not exists bare
    (position integer primary key, stream text, version integer, type text, recorded_at text, message text, unique (stream, version))"""
BARE_POSTGRES = """create table if not exists bare (position bigint generated always as identity primary key, stream text not null,
    version bigint not null, type text not null, recorded_at timestamptz not null, message json not null, unique (stream, version))"""
INTO_SQLITE = "insert into bare (stream, version, type, recorded_at, message) values (?, ?, ?, ?, cast(? as text))"
INTO_POSTGRES = b"insert into bare (stream, version, type, recorded_at, message) values ($1, $2, $3, $4, $5)"
BY_EXECUTE = "insert into bare (stream, version, type, recorded_at, message) values (%s, %s, %s, %s, %s)"
COPY = "copy bare (stream, version, type, recorded_at, message) from stdin (format binary)"
TEXT, INT8, TIMESTAMPTZ, JSON = 25, 20, 1184, 114
HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
MOMENT, WRITTEN = (765_374_400_000_000).to_bytes(8, "big"), "2024-04-02T08:00:00.000000+00:00"
RECORDED = datetime.fromisoformat(WRITTEN)


def is_postgres(address: str) -> bool:
    return address.startswith("postgres")


def beside(path: str, name: str) -> Path:
    """A file of its own for each side: no side waits for the other's writer."""
    return Path(f"{path}.{name}")


def stream_name(row: Row) -> str:
    return f"bench-{row.stream:032x}"


def set_up(address: str) -> None:
    if is_postgres(address):
        with psycopg.connect(address) as connection:
            connection.execute(BARE_POSTGRES)
    else:
        with closing(connect(beside(address, "bare"))) as connection:
            connection.execute(BARE_SQLITE)


@contextmanager
def inserts(address: str, size: int, spread: bool = False) -> Iterator[Begin]:
    """One row or several in a transaction; only one on PostgreSQL, where several go in by `copies`."""
    assert size == 1 or not is_postgres(address)
    set_up(address)

    @contextmanager
    def begin() -> Iterator[Work]:
        with postgres_inserts(address) if is_postgres(address) else sqlite_inserts(address, size, spread) as work:
            yield work

    yield begin


@contextmanager
def sqlite_inserts(address: str, size: int, spread: bool) -> Iterator[Work]:
    made = batches(size, spread)
    with closing(connect(beside(address, "bare"))) as connection:

        def work() -> int:
            rows = [(stream_name(row), row.version, TYPE, WRITTEN, row.body) for row in next(made)]
            connection.execute("begin immediate")
            connection.executemany(INTO_SQLITE, rows)
            connection.execute("commit")
            return size

        yield work


@contextmanager
def postgres_inserts(dsn: str) -> Iterator[Work]:
    """Prepared, and in libpq's binary format: no client is faster with one row."""
    made = batches(1, False)
    with psycopg.connect(dsn, autocommit=True) as connection:
        pg = connection.pgconn
        pg.prepare(b"bare", INTO_POSTGRES, [TEXT, INT8, TEXT, TIMESTAMPTZ, JSON])
        kind, formats = TYPE.encode(), [1] * 5

        def work() -> int:
            (row,) = next(made)
            values = [stream_name(row).encode(), row.version.to_bytes(8, "big"), kind, MOMENT, row.body]
            done = pg.exec_prepared(b"bare", values, formats, 1)
            assert done.status == pq.ExecStatus.COMMAND_OK, done.error_message
            return 1

        yield work


@contextmanager
def executes(dsn: str, size: int) -> Iterator[Begin]:
    """One row in a transaction, as it is usually written in Python: psycopg adapts the values, and prepares what is said often."""
    set_up(dsn)
    assert size == 1

    @contextmanager
    def begin() -> Iterator[Work]:
        made = batches(1, False)
        with psycopg.connect(dsn, autocommit=True) as connection:

            def work() -> int:
                (row,) = next(made)
                connection.execute(BY_EXECUTE, (stream_name(row), row.version, TYPE, RECORDED, row.body.decode()))
                return 1

            yield work

    yield begin


@contextmanager
def copies(address: str, size: int, spread: bool = False) -> Iterator[Begin]:
    """A COPY for each batch, which is a transaction of its own."""
    set_up(address)
    kind = TYPE.encode()
    middle = len(kind).to_bytes(4, "big") + kind + b"\0\0\0\x08" + MOMENT

    def packed(row: Row) -> bytes:
        stream = stream_name(row).encode()
        return b"\0\x05%b%b\0\0\0\x08%b%b%b%b" % (
            len(stream).to_bytes(4, "big"),
            stream,
            row.version.to_bytes(8, "big"),
            middle,
            len(row.body).to_bytes(4, "big"),
            row.body,
        )

    @contextmanager
    def begin() -> Iterator[Work]:
        made = batches(size, spread)
        with psycopg.connect(address, autocommit=True) as connection:

            def work() -> int:
                rows = b"".join(map(packed, next(made)))
                with connection.cursor().copy(COPY) as copy:
                    copy.write(b"%b%b\xff\xff" % (HEAD, rows))
                return size

            yield work

    yield begin
