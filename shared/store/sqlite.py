"""The log in one SQLite file: WAL, every commit flushed to disk, many readers beside one writer."""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from shared.errors import Conflict, TooLarge, Unavailable
from shared.message import START, EventMessage, Position
from shared.store.group_commit import GroupCommit
from shared.store.port import BODY_LIMIT, Append, Appended
from shared.store.sqlite_file import connect
from shared.store.tail import Tail
from shared.time import now

SCHEMA = (Path(__file__).parent / "sql" / "sqlite.sql").read_text()

# One line of JSON a row, decoded by msgspec in one call: what the log knows, then the body as its writer encoded it.
LINE = """'{"position":' || position || ',"streamversion":' || version || ',"recordedtime":"' || recorded_at || '",'"""
# S608: LINE is ours; every value is bound.
STREAM = f"select {LINE} || substr(body, 2) from events where stream = ? and version > ? order by version"  # noqa: S608
PAGE = f"""
select {LINE} || '"previous":' || lag(position, 1, (select coalesce(max(position), 0) from events where position <= :after))
       over (order by position) || ',' || substr(body, 2)
from (select * from events where position > :after order by position limit :limit)
order by position
"""  # noqa: S608

decode_lines = msgspec.json.Decoder(EventMessage).decode_lines


class Readers(threading.local):
    """A connection per thread."""

    def __init__(self, path: Path) -> None:
        self.connection = connect(path)


@contextmanager
def reachable() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as fault:
        raise Unavailable(f"The log cannot be reached now: {fault}.") from fault


class SqliteStore:
    def __init__(self, path: Path, clock: Callable[[], datetime] = now) -> None:
        self.path = path
        self.clock = clock
        with reachable():
            self.writer = connect(path, SCHEMA)
        self.readers = Readers(path)
        self.commit = GroupCommit(self.write)
        self.tail = Tail(self.head)

    def append(self, append: Append) -> Appended:
        outcome = self.append_many([append])[0]
        if isinstance(outcome, Conflict):
            raise outcome
        return outcome

    def append_many(self, appends: Sequence[Append]) -> list[Appended | Conflict]:
        check_sizes(appends)
        outcomes = self.commit(appends)
        self.tail.wake()
        return outcomes

    def write(self, appends: Sequence[Append]) -> list[Appended | Conflict]:
        with reachable():
            self.writer.execute("begin immediate")
            try:
                outcomes = [self.written_or_not(append) for append in appends]
            except BaseException:
                self.writer.rollback()
                raise
            self.writer.commit()
            return outcomes

    def written_or_not(self, append: Append) -> Appended | Conflict:
        """Inside the write lock: nothing that is read here can change before the commit."""
        read = self.writer.execute
        actual = read("select coalesce(max(version), 0) from events where stream = ?", [append.stream]).fetchone()[0]
        if actual != append.expected:
            return self.written_before(append) or Conflict(append.stream, append.expected, actual)
        last = read("select recorded_at from events order by position desc limit 1").fetchone()
        recorded = max(stamp(append.recorded_at or self.clock()), last[0].decode() if last else "")
        position = START
        for version, event in enumerate(append.events, append.expected + 1):
            row = (append.stream, version, event.type, recorded, event.body.decode())
            position = read("insert into events (stream, version, type, recorded_at, body) values (?, ?, ?, ?, ?)", row).lastrowid or START
        return Appended(position, append.expected + len(append.events))

    def written_before(self, append: Append) -> Appended | None:
        """The first answer, when these very events already stand where they were meant to."""
        rows = self.writer.execute(
            "select position, version, body ->> '$.id' from events where stream = ? and version > ? order by version limit ?",
            [append.stream, append.expected, len(append.events)],
        ).fetchall()
        if not rows or [row[2].decode() for row in rows] != [str(event.id) for event in append.events]:
            return None
        return Appended(rows[-1][0], rows[-1][1])

    def read_stream(self, stream: str, after: int = 0) -> list[EventMessage]:
        return self.decoded(STREAM, [stream, after])

    def read_all(self, after: Position, limit: int = 1_000) -> list[EventMessage]:
        return self.decoded(PAGE, {"after": after, "limit": limit})

    def decoded(self, query: str, values: Sequence[object] | dict[str, object]) -> list[EventMessage]:
        with reachable():
            rows = self.readers.connection.execute(query, values).fetchall()
        return decode_lines(b"\n".join(row[0] for row in rows))

    def head(self) -> Position:
        return self.position("select coalesce(max(position), 0) from events")

    def position_at(self, moment: datetime) -> Position:
        return self.position("select position from events where recorded_at <= ? order by position desc limit 1", stamp(moment))

    def position(self, query: str, *values: str) -> Position:
        with reachable():
            row = self.readers.connection.execute(query, values).fetchone()
        return row[0] if row else START

    def wait(self, after: Position, timeout: float) -> bool:
        return self.tail.wait(after, timeout)

    def close(self) -> None:
        self.writer.close()
        self.readers.connection.close()


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def check_sizes(appends: Sequence[Append]) -> None:
    for append in appends:
        for event in append.events:
            if len(event.body) > BODY_LIMIT:
                raise TooLarge(f"{event.type} takes {len(event.body)} bytes; the log takes {BODY_LIMIT} an event.")
