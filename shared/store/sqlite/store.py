"""The event log in one SQLite file: WAL, every commit flushed to disk, many readers beside one writer at a time.

Order. A position is drawn after `BEGIN IMMEDIATE`, which takes the only write lock of the file, and that lock is held until the
commit is visible. So positions become visible in the order in which they were drawn: a reader that has seen N will never see
anything appear below N. A deferred `BEGIN` would read the last position first and lock later; two writers would then draw the same.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from shared.errors import Conflict
from shared.message import START, EventMessage, Position, decoder_of_lines, line
from shared.store.group_commit import GroupCommit
from shared.store.head_watcher import HeadWatcher
from shared.store.port import LAST_POSITION, NO_STREAM, Append, Appended, R, only
from shared.store.sqlite.backup import copy
from shared.store.sqlite.checkpoints import SqliteCheckpoints
from shared.store.sqlite.connections import ReaderPool, created, reachable
from shared.time import Clock, now

__all__ = ["SqliteCheckpoints", "SqliteStore"]

SCHEMA = (Path(__file__).parent / "sql" / "log.sql").read_text()
LAST = "select position, recorded_at from events order by position desc limit 1"
INSERT = "insert into events (position, stream, version, type, recorded_at, message) values (?, ?, ?, ?, ?, cast(? as text))"
VERSION = "select coalesce(max(version), 0) from events where stream = ?"
EARLIER = "select position, message ->> 'id' from events where stream = ? and version > ? order by version limit ?"
HEAD = "select coalesce(max(position), 0) from events"
STREAM = "select message from events where stream = ? and version > ? order by version"
PAGE = "select message from events where position > ? order by position limit ?"
AT = "select message from events where position in (select value from json_each(?)) order by position"
RECORDED_FROM = "select position, recorded_at from events where position >= ? order by position limit 1"

decode_lines = decoder_of_lines(EventMessage)


class SqliteStore:
    def __init__(self, path: Path, clock: Clock = now) -> None:
        self.path = Path(path)
        self.clock = clock
        self.in_order = ReaderPool(self.path)
        self.far_apart = ReaderPool(self.path, mapped=True)
        self.writer = created(self.path, SCHEMA)
        self.submit = GroupCommit(self.commit)
        self.tail = HeadWatcher(self.head)

    def append(self, append: Append) -> Appended:
        return only(self.append_many([append]))

    def append_many(self, appends: Sequence[Append]) -> list[Appended | Conflict]:
        return self.submit(appends) if appends else []

    def read_stream(self, stream: str, after: int = NO_STREAM) -> list[EventMessage]:
        return decode_lines(lines(self.far_apart, STREAM, stream, after))

    def read_all(self, after: Position, limit: int = 1_000) -> list[EventMessage]:
        return self.read_as(EventMessage, after, limit)

    def read_as(self, shape: type[R], after: Position, limit: int = 1_000) -> list[R]:
        return decoder_of_lines(shape)(lines(self.in_order, PAGE, min(after, LAST_POSITION), max(limit, 0)))

    def read_at(self, positions: Sequence[Position]) -> list[EventMessage]:
        return decode_lines(lines(self.far_apart, AT, msgspec.json.encode([*positions]).decode()))

    def head(self) -> Position:
        with self.in_order.reader() as reader:
            return int(reader.execute(HEAD).fetchone()[0])

    def position_at(self, moment: datetime) -> Position:
        """Bisection: recording times never go backwards, so the log is sorted by them and needs no index for it."""
        wanted = written(moment)
        low, high = START, self.head()  # what is at `low` was recorded in time; what is over `high` was not
        with self.in_order.reader() as reader:
            while low < high:
                middle = (low + high + 1) // 2
                position, recorded = reader.execute(RECORDED_FROM, (middle,)).fetchone()
                low, high = (position, max(position, high)) if recorded <= wanted else (low, middle - 1)
        return low

    def wait(self, after: Position, timeout: float) -> bool:
        return self.tail.wait(after, timeout)

    def copy(self, path: Path) -> None:
        """The log as it is at one moment, in a file of its own, while it is read and written. Raises FileExistsError."""
        copy(self.in_order, path)

    def close(self) -> None:
        self.writer.close()
        self.in_order.close()
        self.far_apart.close()

    def commit(self, appends: Sequence[Append]) -> list[Appended | Conflict]:
        with reachable(self.path):
            self.writer.execute("begin immediate")
            try:
                outcomes = self.inserted(appends)
                self.writer.execute("commit")
            finally:
                if self.writer.in_transaction:
                    self.writer.execute("rollback")
        self.tail.wake()
        return outcomes

    def inserted(self, appends: Sequence[Append]) -> list[Appended | Conflict]:
        position, moment = self.writer.execute(LAST).fetchone() or (START, b"")
        outcomes: list[Appended | Conflict] = []
        for append in appends:
            outcome = self.earlier(append)
            if outcome is None:
                moment = max(moment, written(append.recorded_at or self.clock()))
                self.insert(append, position, moment.decode())
                position += len(append.events)
                outcome = Appended(position, append.expected + len(append.events))
            outcomes.append(outcome)
        return outcomes

    def insert(self, append: Append, position: Position, moment: str) -> None:
        rows = []
        for index, event in enumerate(append.events, 1):
            place, version = position + index, append.expected + index
            message = line(event.body, place, version, moment, place - 1)
            rows.append((place, append.stream, version, event.type, moment, message))
        self.writer.executemany(INSERT, rows)

    def earlier(self, append: Append) -> Appended | Conflict | None:
        """None when the stream is where the writer expects it; else its first answer, if these very events are there, or a conflict."""
        actual = self.writer.execute(VERSION, (append.stream,)).fetchone()[0]
        if actual == append.expected:
            return None
        rows = self.writer.execute(EARLIER, (append.stream, append.expected, len(append.events))).fetchall()
        if [id.decode() for _, id in rows] == [str(event.id) for event in append.events]:
            return Appended(rows[-1][0], append.expected + len(rows))
        return Conflict(append.stream, append.expected, actual)


def lines(readers: ReaderPool, statement: str, *values: str | int) -> bytes:
    with readers.reader() as reader:
        return b"\n".join([message for (message,) in reader.execute(statement, values)])


def written(moment: datetime) -> bytes:
    """A moment as it is kept: UTC and of one length, so that the order of the texts is the order of time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").encode()
