"""Writing to an SQLite log: one transaction for a group of appends. store.py explains the order and the durability of commits."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from shared.errors import Conflict
from shared.message import START, Position, line
from shared.store.port import Append, Appended
from shared.store.sqlite.connections import is_unavailable, open_for_writing, unavailable
from shared.time import Clock

SCHEMA = (Path(__file__).parent / "sql" / "log.sql").read_text()
SELECT_LAST = "select position, recorded_at from events order by position desc limit 1"
SELECT_VERSION = "select coalesce(max(version), 0) from events where stream = ?"
SELECT_RECORDED = "select position, message ->> 'id' from events where stream = ? and version > ? order by version limit ?"
INSERT = "insert into events (position, stream, version, type, recorded_at, message) values (?, ?, ?, ?, ?, cast(? as text))"


class SqliteWriter:
    """The writing connection of one process. `commit` is called by one thread at a time (`GroupCommit`)."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self.clock = clock
        self.connection = open_for_writing(path, SCHEMA)
        self.lock = threading.Lock()
        self.last: tuple[Position, bytes] = (START, b"")  # position and time in the log, inside a transaction

    def commit(self, appends: Sequence[Append]) -> list[Appended | Conflict]:
        """Make these appends in one transaction, and return one outcome for each.

        Raises:
            Unavailable: the file cannot be written. Whether the events were recorded is unknown.
        """
        with self.transaction():
            return self.make_appends(appends)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A transaction that is committed, unless the block fails. Raises Unavailable."""
        with self.lock, self.faults():
            self.connection.execute("begin immediate")
            self.last = self.connection.execute(SELECT_LAST).fetchone() or (START, b"")
            try:
                yield
                self.connection.execute("commit")
            finally:
                if self.connection.in_transaction:
                    self.connection.execute("rollback")

    @contextmanager
    def faults(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.DatabaseError, OSError) as fault:
            if is_unavailable(fault):
                raise unavailable(self.path, fault) from fault
            raise

    def append_inside(self, appends: Sequence[Append]) -> list[Appended | Conflict]:
        """Make these appends in the transaction that is open; if one of them fails, none is made."""
        with self.faults():
            if sum(len(append.events) for append in appends) == 1:  # one statement writes it whole or not at all
                return self.make_appends(appends)
            last = self.last
            self.connection.execute("savepoint appends")
            try:
                outcomes = self.make_appends(appends)
            except BaseException:
                self.last = last
                self.connection.execute("rollback to appends")
                raise
            self.connection.execute("release appends")
            return outcomes

    def make_appends(self, appends: Sequence[Append]) -> list[Appended | Conflict]:
        """Judge each append and insert its events, inside a transaction. Recording times never decrease."""
        outcomes: list[Appended | Conflict] = []
        for append in appends:
            outcome = self.existing_outcome(append)
            if outcome is None:
                position, time = self.last
                time = max(time, sortable_time(append.recorded_at or self.clock()))
                self.insert(append, position, time.decode())
                self.last = position + len(append.events), time
                outcome = Appended(self.last[0], append.expected + len(append.events))
            outcomes.append(outcome)
        return outcomes

    def existing_outcome(self, append: Append) -> Appended | Conflict | None:
        """Return None if the stream is at the expected version and the events are to be inserted.

        Otherwise return the first outcome, if exactly these events were recorded at this version before, or a conflict.
        """
        actual = self.connection.execute(SELECT_VERSION, (append.stream,)).fetchone()[0]
        if actual == append.expected:
            return None
        rows = self.connection.execute(SELECT_RECORDED, (append.stream, append.expected, len(append.events))).fetchall()
        if [id.decode() for _, id in rows] == [str(event.id) for event in append.events]:
            return Appended(rows[-1][0], append.expected + len(rows))
        return Conflict(append.stream, append.expected, actual)

    def insert(self, append: Append, last: Position, time: str) -> None:
        """Insert the events after position `last`."""
        rows = []
        for index, event in enumerate(append.events, 1):
            position, version = last + index, append.expected + index
            message = line(event.body, position, version, time, position - 1)
            rows.append((position, append.stream, version, event.type, time, message))
        self.connection.executemany(INSERT, rows)

    def close(self) -> None:
        self.connection.close()


def sortable_time(moment: datetime) -> bytes:
    """Return a time as it is stored: in UTC and of fixed length, so that the stored texts sort as the times do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").encode()
