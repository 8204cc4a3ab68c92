"""The event log in one SQLite file, shared by any number of threads and processes of one machine.

How it works
------------
Order. Each commit runs in a transaction that begins with `BEGIN IMMEDIATE`, which takes the only write lock of the file. The writer
then reads the last position, gives the new events the following ones, and keeps the lock until the commit is visible to others. So
positions become visible in the order in which they were given: a reader that has seen position N will never see a new event below N.
A deferred `BEGIN` would read the last position first and lock later, and two writers could choose the same positions.

Durability. The file is in WAL mode with `synchronous = full`: a commit writes to the write-ahead log (`FILE-wal`) and flushes it to
disk before it returns. After a crash SQLite recovers the file to the last commit. The appends that wait during one flush are
committed together in the next (group_commit.py).

Reading. In WAL mode readers neither block the writer nor wait for it. Each read takes an idle connection from a pool, or opens one;
its single statement sees the log as of one commit. The stored `message` is the complete event as a line of JSON, so a read joins the
lines and decodes them in one call.

Two pools. Scans read the log in order with ordinary connections. The events of one stream, however, are scattered over the file.
A connection caches few pages, and drops them all when another connection commits, so look-ups would copy each page again from the
operating system, which has it in memory anyway. Their connections map the file into memory instead (`mmap_size`) and read it there.
The price is that a page that the disk cannot deliver kills the process, since no system call can report the error; and for scans
mapping has no advantage and would count the whole file to the memory of this process.

writer.py is the writing side, connections.py opens the file, archive.py is for backups, checkpoints.py keeps positions and leases.
"""

import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import msgspec

from shared.errors import Conflict, Damaged, Unavailable
from shared.message import START, EventMessage, Position, decoder_of_lines
from shared.store.append_checks import check_append
from shared.store.group_commit import GroupCommit
from shared.store.head_watcher import HeadWatcher
from shared.store.port import LAST_POSITION, NO_STREAM, Append, Appended, R, by_stream, only
from shared.store.sqlite.connections import connect, is_unavailable, unavailable
from shared.store.sqlite.writer import SqliteWriter, sortable_time
from shared.store.stored import StoredEvent
from shared.time import Clock, now

SELECT_STREAM = "select message from events where stream = ? and version > ? order by version"
SELECT_STREAMS = "select message from events where stream in (select value from json_each(?)) order by stream, version"
SELECT_PAGE = "select message from events where position > ? order by position limit ?"
SELECT_POSITIONS = "select message from events where position in (select value from json_each(?)) order by position"
SELECT_HEAD = "select coalesce(max(position), 0) from events"
SELECT_STORED = "select position, stream, version, type, recorded_at, message from events where position > ? order by position limit ?"
SELECT_TIME_FROM = "select position, recorded_at from events where position >= ? order by position limit 1"
MMAP_BYTES = 2**31  # of the file that are mapped into memory; SQLite reads what is beyond in the ordinary way

decode_lines = decoder_of_lines(EventMessage)


class SqliteStore:
    """The log in the file `path`, which is created if it does not exist. `clock` gives the recording time of new events."""

    def __init__(self, path: Path, clock: Clock = now) -> None:
        self.path = Path(path)
        self.writer = SqliteWriter(self.path, clock)
        self.owner: int | None = None  # the thread that is in a block `together`
        self.damage: Damaged | None = None  # that this process met: those who follow the log are told, and end it
        self.scan_readers = ReaderPool(self.path, self.own_transaction, self.note_damage)
        self.lookup_readers = ReaderPool(self.path, self.own_transaction, self.note_damage, mapped=True)
        self.group_commit = GroupCommit(self.commit)
        self.head_watcher = HeadWatcher(self.head)

    def append(self, append: Append) -> Appended:
        return only(self.append_many([append]))

    def append_many(self, appends: Sequence[Append]) -> list[Appended | Conflict]:
        if self.own_transaction() is not None:
            return self.writer.append_inside([check_append(append) for append in appends])
        return self.group_commit(appends) if appends else []

    def commit(self, appends: Sequence[Append]) -> list[Appended | Conflict]:
        with self.noting_damage():
            outcomes = self.writer.commit(appends)
        self.head_watcher.wake()
        return outcomes

    @contextmanager
    def together(self) -> Iterator[bool]:
        with self.noting_damage(), self.writer.transaction():
            self.owner = threading.get_ident()
            try:
                yield True
            finally:
                self.owner = None
        self.head_watcher.wake()

    def own_transaction(self) -> sqlite3.Connection | None:
        """The connection with the transaction that this thread has begun, if it has."""
        return self.writer.connection if self.owner == threading.get_ident() else None

    def read_stream(self, stream: str, after: int = NO_STREAM) -> list[EventMessage]:
        return decode_lines(self.lookup_readers.lines(SELECT_STREAM, stream, after))

    def read_streams(self, streams: Collection[str]) -> dict[str, list[EventMessage]]:
        names = msgspec.json.encode([*streams]).decode()
        return by_stream(streams, decode_lines(self.lookup_readers.lines(SELECT_STREAMS, names)))

    def read_all(self, after: Position, limit: int = 1_000) -> list[EventMessage]:
        return self.read_as(EventMessage, after, limit)

    def read_as(self, shape: type[R], after: Position, limit: int = 1_000) -> list[R]:
        return decoder_of_lines(shape)(self.scan_readers.lines(SELECT_PAGE, min(after, LAST_POSITION), max(limit, 0)))

    def read_stored(self, after: Position, limit: int) -> list[StoredEvent]:
        with self.scan_readers.connection() as reader:
            rows = reader.execute(SELECT_STORED, (min(after, LAST_POSITION), max(limit, 0)))
            return [
                StoredEvent(position, stream.decode(), version, kind.decode(), recorded.decode(), line)
                for position, stream, version, kind, recorded, line in rows
            ]

    def read_at(self, positions: Sequence[Position]) -> list[EventMessage]:
        return decode_lines(self.lookup_readers.lines(SELECT_POSITIONS, msgspec.json.encode([*positions]).decode()))

    def note_damage(self, fault: Unavailable) -> None:
        if isinstance(fault, Damaged):
            self.damage = fault

    @contextmanager
    def noting_damage(self) -> Iterator[None]:
        try:
            yield
        except Unavailable as fault:
            self.note_damage(fault)
            raise

    def head(self) -> Position:
        if self.damage:
            raise self.damage
        with self.scan_readers.connection() as reader:
            return int(reader.execute(SELECT_HEAD).fetchone()[0])

    def position_at(self, moment: datetime) -> Position:
        """By bisection: recording times never decrease, so the log is sorted by them and needs no index."""
        target = sortable_time(moment)
        low, high = START, self.head()  # the event at `low` was recorded in time; those after `high` were not
        with self.scan_readers.connection() as reader:
            while low < high:
                middle = (low + high + 1) // 2
                position, time = reader.execute(SELECT_TIME_FROM, (middle,)).fetchone()
                low, high = (position, max(position, high)) if time <= target else (low, middle - 1)
        return low

    def wait(self, after: Position, timeout: float) -> bool:
        return self.head_watcher.wait(after, timeout)

    def close(self) -> None:
        self.writer.close()
        self.scan_readers.close()
        self.lookup_readers.close()


class ReaderPool:
    """Reading connections: each read takes an idle one, or opens one if there is none, and gives it back.

    `note` is told why the file cannot be read. `own` is the connection on which this thread writes, while it reads what it has not
    committed yet.
    """

    def __init__(
        self, path: Path, own: Callable[[], sqlite3.Connection | None], note: Callable[[Unavailable], None], *, mapped: bool = False
    ) -> None:
        self.path = path
        self.own = own
        self.note = note
        self.mapped = mapped
        self.idle: list[sqlite3.Connection] = []

    def lines(self, statement: str, *values: str | int) -> bytes:
        """Return the messages that a query selects, one a line."""
        with self.connection() as reader:
            return b"\n".join([message for (message,) in reader.execute(statement, values)])

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection; it is closed if the block fails. Raises Unavailable if the file cannot be read."""
        try:
            if (own := self.own()) is not None:
                yield own
                return
            try:
                reader = self.idle.pop()
            except IndexError:
                reader = self.open()
            try:
                yield reader
            except BaseException:
                reader.close()
                raise
        except (sqlite3.DatabaseError, OSError) as fault:
            if is_unavailable(fault):
                self.note(told := unavailable(self.path, fault))
                raise told from fault
            raise
        self.idle.append(reader)

    def open(self) -> sqlite3.Connection:
        connection = connect(self.path)
        if self.mapped:
            connection.execute(f"pragma mmap_size = {MMAP_BYTES}")
        return connection

    def close(self) -> None:
        while self.idle:
            self.idle.pop().close()
