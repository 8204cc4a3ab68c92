"""Reading an SQLite log for a backup, and filling one from a backup: see `shared.store.archive`.

A snapshot is a read transaction: in WAL mode writers go on beside it. The write-ahead log grows until it ends.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from shared.message import line
from shared.store.archive import COLUMNS, Line, Resumption, Row, decode_line, select_rows
from shared.store.sqlite import checkpoints, coverage, deliveries, gateway_records, tree_heads, writer
from shared.store.sqlite.connections import connect, look_at, open_for_writing, raises_unavailable
from shared.store.sqlite.writer import INSERT, sortable_time

LOG_SCHEMA = "\n".join((writer.SCHEMA, checkpoints.SCHEMA, coverage.SCHEMA, deliveries.SCHEMA, tree_heads.SCHEMA))
RECORDS_SCHEMA = gateway_records.SCHEMA
GUARD = "events_are_never_replaced"  # the trigger that allows no gap
SELECT_GUARD = "select sql from sqlite_master where type = 'trigger' and name = ?"
SELECT_TABLE = "select 1 from sqlite_master where type = 'table' and name = ?"
SELECT_MESSAGES = "select message from events order by position"
SELECT_STREAM = "select message from events where stream = ? order by version"
SELECT_LAST = "select message from events order by position desc limit 1"


@contextmanager
def snapshot(path: Path) -> Iterator["SqliteSnapshot"]:
    """The file `path`, which exists, as of now.

    Raises:
        Outdated, Damaged, Unavailable: it cannot be read.
    """
    look_at(path)
    with raises_unavailable(path):
        connection = connect(path)
    with closing(connection):
        with raises_unavailable(path):
            connection.execute("begin")
            connection.execute(SELECT_TABLE, ("",)).fetchall()  # the transaction begins with its first reading
        yield SqliteSnapshot(path, connection)


class SqliteSnapshot:
    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self.connection = connection

    def messages(self) -> Iterator[bytes]:
        for (message,) in self.select("events", SELECT_MESSAGES):
            assert isinstance(message, bytes)
            yield message

    def rows(self, table: str) -> Iterator[Row]:
        for row in self.select(table, select_rows(table)):
            yield tuple(value.decode() if isinstance(value, bytes) else value for value in row)

    def select(self, table: str, statement: str) -> Iterator[tuple[bytes | int | None, ...]]:
        with raises_unavailable(self.path):
            if self.connection.execute(SELECT_TABLE, (table,)).fetchone():
                yield from self.connection.execute(statement)


@contextmanager
def loading(path: Path, schema: str = LOG_SCHEMA) -> Iterator["SqliteLoading"]:
    """A transaction on the file `path`, which is made if it does not exist. It is committed, unless the block fails.

    Raises:
        Outdated, Damaged, Unavailable: the file cannot be opened or written.
    """
    with closing(open_for_writing(path, schema)) as connection:
        with raises_unavailable(path):
            connection.execute("begin immediate")
        try:
            yield SqliteLoading(path, connection)
            with raises_unavailable(path):
                connection.execute("commit")
        finally:
            if connection.in_transaction:
                connection.rollback()


class SqliteLoading:
    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self.connection = connection

    def occupied(self) -> list[str]:
        tables = ("events", *COLUMNS)
        with raises_unavailable(self.path):
            there = [table for table in tables if self.connection.execute(SELECT_TABLE, (table,)).fetchone()]
            return [table for table in there if self.connection.execute(f"select 1 from {table} limit 1").fetchone()]  # noqa: S608 - ours

    def load_messages(self, messages: Iterable[bytes]) -> None:
        with self.gaps_allowed():
            self.connection.executemany(INSERT, (values(message) for message in messages))

    def load_rows(self, table: str, rows: Iterable[Row]) -> None:
        columns = COLUMNS[table]
        marks = ", ".join("?" * len(columns))
        statement = f"insert into {table} ({', '.join(columns)}) values ({marks}) on conflict do nothing"  # noqa: S608 - the names are ours
        with raises_unavailable(self.path):
            self.connection.executemany(statement, rows)

    def last(self) -> Line | None:
        with raises_unavailable(self.path):
            found = self.connection.execute(SELECT_LAST).fetchone()
        return decode_line(found[0]) if found else None

    def stream(self, name: str) -> list[bytes]:
        with raises_unavailable(self.path):
            return [message for (message,) in self.connection.execute(SELECT_STREAM, (name,))]

    def resume(self, resumption: Resumption) -> None:
        last, version = self.last(), len(self.stream(resumption.stream)) + 1
        recorded = max(resumption.recorded, last.recordedtime if last else "")
        previous = last.position if last else 0
        message = line(resumption.event.body, resumption.position, version, recorded, previous)
        with self.gaps_allowed():
            self.connection.execute(INSERT, values(message))

    @contextmanager
    def gaps_allowed(self) -> Iterator[None]:
        """Without the trigger that refuses gaps: it is there again when the transaction is committed."""
        with raises_unavailable(self.path):
            (guard,) = self.connection.execute(SELECT_GUARD, (GUARD,)).fetchone()
            self.connection.execute(f"drop trigger {GUARD}")
            yield
            self.connection.execute(guard.decode())


def values(message: bytes) -> tuple[int, str, int, str, str, bytes]:
    found = decode_line(message)
    recorded = sortable_time(datetime.fromisoformat(found.recordedtime)).decode()  # PostgreSQL writes fewer digits
    return found.position, found.subject, found.streamversion, found.type, recorded, message
