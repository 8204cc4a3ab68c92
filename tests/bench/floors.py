"""Floors for appends: the least work that could be done. Rows are inserted into a table like the log's and committed.

Unlike the log, they check no version, keep no order, and do not recognise a repeated append. (Floors for reads: raw_reads.py)
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

import psycopg
from psycopg import pq

from shared.store.sqlite.connections import connect
from tests.bench.measuring import OpenWorker, Work
from tests.bench.samples import TYPE, Row, batches

INSERT, EXECUTE, COPY_IN = "bare INSERT + COMMIT", "the same by psycopg's execute", "COPY in"
CREATE_SQLITE = """create table if not exists bare
    (position integer primary key, stream text, version integer, type text, recorded_at text, message text, unique (stream, version))"""
CREATE_POSTGRES = """create table if not exists bare (position bigint generated always as identity primary key, stream text not null,
    version bigint not null, type text not null, recorded_at timestamptz not null, message json not null, unique (stream, version))"""
INSERT_SQLITE = "insert into bare (stream, version, type, recorded_at, message) values (?, ?, ?, ?, cast(? as text))"
INSERT_POSTGRES = b"insert into bare (stream, version, type, recorded_at, message) values ($1, $2, $3, $4, $5)"
INSERT_BY_EXECUTE = "insert into bare (stream, version, type, recorded_at, message) values (%s, %s, %s, %s, %s)"
COPY = "copy bare (stream, version, type, recorded_at, message) from stdin (format binary)"
TEXT, INT8, TIMESTAMPTZ, JSON = 25, 20, 1184, 114
COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TIME_BINARY, TIME_TEXT = (765_374_400_000_000).to_bytes(8, "big"), "2024-04-02T08:00:00.000000+00:00"
OWN_FIELDS = b'{"previous":100000,"position":100001,"streamversion":10,"recordedtime":"%b",' % TIME_TEXT.encode()  # of the log
TIME = datetime.fromisoformat(TIME_TEXT)


def is_postgres(address: str) -> bool:
    return address.startswith("postgres")


def other_file(path: str, name: str) -> Path:
    """Return the path of another file beside the log, so that no side waits for the writer of another."""
    return Path(f"{path}.{name}")


def stream_name(row: Row) -> str:
    return f"bench-{row.stream:032x}"


def message(row: Row) -> bytes:
    """As many bytes as the log stores."""
    return OWN_FIELDS + row.body[1:]


def create_table(address: str) -> None:
    if is_postgres(address):
        with psycopg.connect(address) as connection:
            connection.execute(CREATE_POSTGRES)
    else:
        with closing(connect(other_file(address, "bare"))) as connection:
            connection.execute(CREATE_SQLITE)


@contextmanager
def inserts(address: str, size: int, spread: bool = False) -> Iterator[OpenWorker]:
    """Insert `size` rows in a transaction."""
    create_table(address)

    @contextmanager
    def open_worker() -> Iterator[Work]:
        with postgres_inserts(address, size, spread) if is_postgres(address) else sqlite_inserts(address, size, spread) as work:
            yield work

    yield open_worker


@contextmanager
def sqlite_inserts(address: str, size: int, spread: bool) -> Iterator[Work]:
    prepared_rows = batches(size, spread)
    with closing(connect(other_file(address, "bare"))) as connection:

        def work() -> int:
            rows = [(stream_name(row), row.version, TYPE, TIME_TEXT, message(row)) for row in next(prepared_rows)]
            connection.execute("begin immediate")
            connection.executemany(INSERT_SQLITE, rows)
            connection.execute("commit")
            return size

        yield work


@contextmanager
def postgres_inserts(dsn: str, size: int, spread: bool) -> Iterator[Work]:
    """Insert with a prepared statement and binary values through libpq: the fastest way for one row. Several rows are one pipeline: all
    are sent before the first answer is read, and committed together.
    """
    prepared_rows = batches(size, spread)
    with psycopg.connect(dsn, autocommit=True) as connection:
        pg = connection.pgconn
        pg.prepare(b"bare", INSERT_POSTGRES, [TEXT, INT8, TEXT, TIMESTAMPTZ, JSON])
        kind, formats = TYPE.encode(), [1] * 5

        def values(row: Row) -> list[bytes]:
            return [stream_name(row).encode(), row.version.to_bytes(8, "big"), kind, TIME_BINARY, message(row)]

        def insert_one() -> int:
            (row,) = next(prepared_rows)
            result = pg.exec_prepared(b"bare", values(row), formats, 1)
            assert result.status == pq.ExecStatus.COMMAND_OK, result.error_message
            return 1

        def insert_many() -> int:
            for row in next(prepared_rows):
                pg.send_query_prepared(b"bare", values(row), formats, 1)
            pg.pipeline_sync()
            for _ in range(size):
                result = pg.get_result()
                assert result, "no answer"
                assert result.status == pq.ExecStatus.COMMAND_OK, result.error_message
                pg.get_result()  # the end of the answer to one statement
            synced = pg.get_result()
            assert synced, "no answer"
            assert synced.status == pq.ExecStatus.PIPELINE_SYNC
            return size

        if size > 1:
            pg.enter_pipeline_mode()
        yield insert_many if size > 1 else insert_one
        if size > 1:
            pg.exit_pipeline_mode()


@contextmanager
def executes(dsn: str, size: int) -> Iterator[OpenWorker]:
    """Insert one row in a transaction as is usual in Python: psycopg adapts the values, and prepares the statement after some calls."""
    create_table(dsn)
    assert size == 1

    @contextmanager
    def open_worker() -> Iterator[Work]:
        prepared_rows = batches(1, False)
        with psycopg.connect(dsn, autocommit=True) as connection:

            def work() -> int:
                (row,) = next(prepared_rows)
                connection.execute(INSERT_BY_EXECUTE, (stream_name(row), row.version, TYPE, TIME, message(row).decode()))
                return 1

            yield work

    yield open_worker


@contextmanager
def copies(address: str, size: int, spread: bool = False) -> Iterator[OpenWorker]:
    """Insert each batch with one COPY, in a transaction of its own."""
    create_table(address)
    kind = TYPE.encode()
    type_and_time = len(kind).to_bytes(4, "big") + kind + b"\0\0\0\x08" + TIME_BINARY

    def pack_row(row: Row) -> bytes:
        stream, line = stream_name(row).encode(), message(row)
        return b"\0\x05%b%b\0\0\0\x08%b%b%b%b" % (
            len(stream).to_bytes(4, "big"),
            stream,
            row.version.to_bytes(8, "big"),
            type_and_time,
            len(line).to_bytes(4, "big"),
            line,
        )

    @contextmanager
    def open_worker() -> Iterator[Work]:
        prepared_rows = batches(size, spread)
        with psycopg.connect(address, autocommit=True) as connection:

            def work() -> int:
                rows = b"".join(map(pack_row, next(prepared_rows)))
                with connection.cursor().copy(COPY) as copy:
                    copy.write(b"%b%b\xff\xff" % (COPY_HEADER, rows))
                return size

            yield work

    yield open_worker
