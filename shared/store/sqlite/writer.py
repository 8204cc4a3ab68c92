"""The one transaction by which events enter an SQLite log. The order of positions is explained in store.py."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from shared.errors import Conflict
from shared.message import START, Position, line
from shared.store.port import Append, Appended
from shared.store.sqlite.connections import sortable, translating_errors
from shared.time import Clock

LAST_EVENT = "select position, recorded_at from events order by position desc limit 1"
INSERT = "insert into events (position, stream, version, type, recorded_at, message) values (?, ?, ?, ?, ?, cast(? as text))"
VERSION = "select coalesce(max(version), 0) from events where stream = ?"
EVENTS_AT = "select position, message ->> 'id' from events where stream = ? and version > ? order by version limit ?"


class SqliteWriter:
    """One connection, called by one thread at a time: GroupCommit sees to it."""

    def __init__(self, path: Path, connection: sqlite3.Connection, clock: Clock) -> None:
        self.path = path
        self.connection = connection
        self.clock = clock

    def commit(self, appends: Sequence[Append]) -> list[Appended | Conflict]:
        """Append all in one transaction; a conflict is a value and does not undo the others.

        Raises:
            Unavailable: nothing was recorded, or it is unknown.
        """
        with translating_errors(self.path):
            self.connection.execute("begin immediate")
            try:
                outcomes = self.insert_all(appends)
                self.connection.execute("commit")
            finally:
                if self.connection.in_transaction:
                    self.connection.execute("rollback")
        return outcomes

    def insert_all(self, appends: Sequence[Append]) -> list[Appended | Conflict]:
        position, moment = self.connection.execute(LAST_EVENT).fetchone() or (START, b"")
        outcomes: list[Appended | Conflict] = []
        for append in appends:
            outcome = self.earlier_outcome(append)
            if outcome is None:
                moment = max(moment, sortable(append.recorded_at or self.clock()))
                self.insert(append, position, moment.decode())
                position += len(append.events)
                outcome = Appended(position, append.expected + len(append.events))
            outcomes.append(outcome)
        return outcomes

    def insert(self, append: Append, position: Position, moment: str) -> None:
        rows = []
        for index, event in enumerate(append.events, 1):
            at, version = position + index, append.expected + index
            message = line(event.body, at, version, moment, at - 1)
            rows.append((at, append.stream, version, event.type, moment, message))
        self.connection.executemany(INSERT, rows)

    def earlier_outcome(self, append: Append) -> Appended | Conflict | None:
        """None if the stream is at the expected version; its first outcome if these very events are there; otherwise a conflict."""
        actual = self.connection.execute(VERSION, (append.stream,)).fetchone()[0]
        if actual == append.expected:
            return None
        rows = self.connection.execute(EVENTS_AT, (append.stream, append.expected, len(append.events))).fetchall()
        if [id.decode() for _, id in rows] == [str(event.id) for event in append.events]:
            return Appended(rows[-1][0], append.expected + len(rows))
        return Conflict(append.stream, append.expected, actual)

    def close(self) -> None:
        self.connection.close()
