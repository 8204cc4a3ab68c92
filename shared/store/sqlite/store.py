"""The event log in one SQLite file: write-ahead log, every commit flushed to disk, many readers beside one writer at a time.

How it works
------------
*Order.* A writer draws its positions after `BEGIN IMMEDIATE`, which takes the only write lock of the file, and holds that lock until
the commit is visible (`writer.py`). So positions become visible in the order in which they were drawn: a reader that has seen position N
will never see an event appear below N. A deferred `BEGIN` would read the last position first and lock later, and two writers would draw
the same one.

*Durability.* With `synchronous=FULL` a commit is on the disk when it returns. Appends that wait during a commit share the next one
(`group_commit.py`).

*Reading.* Each event is stored as the line of JSON that readers get, so a page is read by joining stored lines and decoding them in one
call. Each read under way has a connection of its own; idle connections wait to be used again.

*Why two pools.* The events of one stream lie far apart, each in another page of the file. A connection caches few pages, and none after
another connection has committed; so every page would be copied again from the operating system's cache. A mapped file is read where it
lies. The price: a page that the disk cannot deliver ends the process with SIGBUS, since no call could fail. The log in order is read
without mapping, which would only count the whole log to this process's memory.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import msgspec

from shared.errors import Conflict
from shared.message import START, EventMessage, Position, decoder_of_lines
from shared.store.group_commit import GroupCommit
from shared.store.head_watcher import HeadWatcher
from shared.store.port import LAST_POSITION, NO_STREAM, Append, Appended, R, only
from shared.store.sqlite import backup
from shared.store.sqlite.connections import connect, open_log, sortable, unavailable_error
from shared.store.sqlite.writer import SqliteWriter
from shared.time import Clock, now

SCHEMA = (Path(__file__).parent / "sql" / "log.sql").read_text()
HEAD = "select coalesce(max(position), 0) from events"
STREAM = "select message from events where stream = ? and version > ? order by version"
PAGE = "select message from events where position > ? order by position limit ?"
AT_POSITIONS = "select message from events where position in (select value from json_each(?)) order by position"
RECORDED_FROM = "select position, recorded_at from events where position >= ? order by position limit 1"
MAPPED_BYTES = 2**31  # of the file; what lies beyond is read by copying

decode_lines = decoder_of_lines(EventMessage)


class ReaderPool:
    """Connections for reading; `mapped` ones read the file through memory mapping."""

    def __init__(self, path: Path, *, mapped: bool = False) -> None:
        self.path = path
        self.mapped = mapped
        self.idle: list[sqlite3.Connection] = []

    @contextmanager
    def reader(self) -> Iterator[sqlite3.Connection]:
        """A connection for one read. It is closed when the read fails, and reused otherwise.

        Raises:
            Unavailable: the file cannot be read, or is no database.
        """
        connection: sqlite3.Connection | None = None
        try:
            try:
                connection = self.idle.pop()
            except IndexError:
                connection = self.open()
            yield connection
        except BaseException as fault:
            if connection is not None:
                connection.close()
            if isinstance(fault, sqlite3.DatabaseError | OSError) and (error := unavailable_error(self.path, fault)):
                raise error from fault
            raise
        self.idle.append(connection)

    def open(self) -> sqlite3.Connection:
        connection = connect(self.path)
        if self.mapped:
            connection.execute(f"pragma mmap_size = {MAPPED_BYTES}")
        return connection

    def lines(self, statement: str, *values: str | int) -> bytes:
        """The events that a statement selects, one line of JSON each."""
        with self.reader() as reader:
            return b"\n".join([message for (message,) in reader.execute(statement, values)])

    def close(self) -> None:
        while self.idle:
            self.idle.pop().close()


class SqliteStore:
    """An `EventStore` in one file."""

    def __init__(self, path: Path, clock: Clock = now) -> None:
        self.path = Path(path)
        self.log_readers = ReaderPool(self.path)
        self.stream_readers = ReaderPool(self.path, mapped=True)
        self.head_watcher = HeadWatcher(self.head)
        self.writer = SqliteWriter(self.path, open_log(self.path, SCHEMA), clock)
        self.commit = GroupCommit(self.writer.commit)

    def append(self, append: Append) -> Appended:
        return only(self.append_many([append]))

    def append_many(self, appends: Sequence[Append]) -> list[Appended | Conflict]:
        if not appends:
            return []
        outcomes = self.commit(appends)
        self.head_watcher.wake()
        return outcomes

    def read_stream(self, stream: str, after: int = NO_STREAM) -> list[EventMessage]:
        return decode_lines(self.stream_readers.lines(STREAM, stream, after))

    def read_all(self, after: Position, limit: int = 1_000) -> list[EventMessage]:
        return self.read_as(EventMessage, after, limit)

    def read_as(self, shape: type[R], after: Position, limit: int = 1_000) -> list[R]:
        return decoder_of_lines(shape)(self.log_readers.lines(PAGE, min(after, LAST_POSITION), max(limit, 0)))

    def read_at(self, positions: Sequence[Position]) -> list[EventMessage]:
        return decode_lines(self.stream_readers.lines(AT_POSITIONS, msgspec.json.encode([*positions]).decode()))

    def head(self) -> Position:
        with self.log_readers.reader() as reader:
            return int(reader.execute(HEAD).fetchone()[0])

    def position_at(self, moment: datetime) -> Position:
        """By bisection: times of recording never go backwards, so the log is sorted by them and needs no index."""
        wanted = sortable(moment)
        low, high = START, self.head()  # `low` was recorded at or before the moment; everything above `high` was not
        with self.log_readers.reader() as reader:
            while low < high:
                middle = (low + high + 1) // 2
                position, recorded = reader.execute(RECORDED_FROM, (middle,)).fetchone()
                low, high = (position, max(position, high)) if recorded <= wanted else (low, middle - 1)
        return low

    def wait(self, after: Position, timeout: float) -> bool:
        return self.head_watcher.wait(after, timeout)

    def copy(self, path: Path) -> None:
        """Copy the log, as it is at one moment, to a new file, while it is read and written.

        Raises:
            FileExistsError: there is such a file.
            Unavailable: there is no room, or the log cannot be read.
        """
        backup.copy(self.path, path)

    def close(self) -> None:
        self.writer.close()
        self.log_readers.close()
        self.stream_readers.close()
