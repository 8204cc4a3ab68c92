"""The event log in PostgreSQL, for many processes on many machines."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec
from psycopg import pq

from shared.errors import Conflict
from shared.message import EventMessage, Position
from shared.store.group_commit import GroupCommit
from shared.store.libpq import INT8, TEXT, TIMESTAMPTZ, Links, Statement, int8, moment
from shared.store.port import NO_STREAM, Append, Appended
from shared.store.postgres_checkpoints import PostgresCheckpoints
from shared.store.postgres_schema import set_up
from shared.store.postgres_writer import PostgresWriter
from shared.store.tail import Tail

__all__ = ["PostgresCheckpoints", "PostgresStore"]

ROOM = Path(__file__).parent / "sql"
READ_STREAM = Statement("read_stream", (ROOM / "read_stream.sql").read_text(), TEXT, INT8)
READ_ALL = Statement("read_all", (ROOM / "read_all.sql").read_text(), INT8, INT8)
HEAD = Statement("head", "select coalesce(max(position), 0) from public.events")
POSITION_AT = Statement("position_at", "select public.position_at($1)", TIMESTAMPTZ)

decode_lines = msgspec.json.Decoder(EventMessage).decode_lines


class PostgresStore:
    def __init__(self, dsn: str) -> None:
        set_up(dsn)
        self.links = Links(dsn)
        self.writing = Links(dsn)
        self.submit = GroupCommit(PostgresWriter(self.writing).commit)
        self.tail = Tail(self.head)

    def append(self, append: Append) -> Appended:
        outcome = self.append_many([append])[0]
        if isinstance(outcome, Conflict):
            raise outcome
        return outcome

    def append_many(self, appends: Sequence[Append]) -> list[Appended | Conflict]:
        if not appends:
            return []
        outcomes = self.submit(appends)
        self.tail.wake()
        return outcomes

    def read_stream(self, stream: str, after: int = NO_STREAM) -> list[EventMessage]:
        return unpacked(self.links.read(READ_STREAM, stream.encode(), int8(after)))

    def read_all(self, after: Position, limit: int = 1_000) -> list[EventMessage]:
        return unpacked(self.links.read(READ_ALL, int8(after), int8(limit)))

    def head(self) -> Position:
        return number(self.links.read(HEAD))

    def position_at(self, moment_: datetime) -> Position:
        return number(self.links.read(POSITION_AT, moment(moment_)))

    def wait(self, after: Position, timeout: float) -> bool:
        return self.tail.wait(after, timeout)

    def close(self) -> None:
        self.links.close()
        self.writing.close()


def number(result: pq.abc.PGresult) -> int:
    return int.from_bytes(result.get_value(0, 0) or b"", "big")


def unpacked(result: pq.abc.PGresult) -> list[EventMessage]:
    """The events of packed rows: each row is a few hundred lines of JSON, decoded in one call."""
    events: list[EventMessage] = []
    for row in range(result.ntuples):
        events += decode_lines(result.get_value(row, 0) or b"")
    return events
