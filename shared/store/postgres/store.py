"""The event log in PostgreSQL, for many processes on many machines."""

from collections.abc import Sequence
from datetime import datetime

from shared.errors import Conflict
from shared.message import EventMessage, Position
from shared.store.group_commit import GroupCommit
from shared.store.head_watcher import HeadWatcher
from shared.store.port import LAST_POSITION, NO_STREAM, Append, Appended, R, only
from shared.store.postgres.binary_format import TIMESTAMPTZ, timestamptz
from shared.store.postgres.checkpoints import PostgresCheckpoints
from shared.store.postgres.connection import Statement
from shared.store.postgres.pool import ConnectionPool
from shared.store.postgres.reader import PostgresReader, number
from shared.store.postgres.schema import set_up
from shared.store.postgres.writer import PostgresWriter

__all__ = ["PostgresCheckpoints", "PostgresStore"]

HEAD = Statement("head", "select coalesce(max(position), 0) from public.events")
POSITION_AT = Statement("position_at", "select public.position_at($1)", TIMESTAMPTZ)


class PostgresStore:
    def __init__(self, dsn: str) -> None:
        set_up(dsn)
        self.links = ConnectionPool(dsn)
        self.reader = PostgresReader(self.links)
        self.writing = ConnectionPool(dsn, most=1)  # one commit at a time, for all who wait
        self.submit = GroupCommit(PostgresWriter(self.writing).commit)
        self.head_watcher = HeadWatcher(self.head)

    def append(self, append: Append) -> Appended:
        return only(self.append_many([append]))

    def append_many(self, appends: Sequence[Append]) -> list[Appended | Conflict]:
        if not appends:
            return []
        outcomes = self.submit(appends)
        self.head_watcher.wake()
        return outcomes

    def read_stream(self, stream: str, after: int = NO_STREAM) -> list[EventMessage]:
        return self.reader.stream(stream, after)

    def read_all(self, after: Position, limit: int = 1_000) -> list[EventMessage]:
        return self.read_as(EventMessage, after, limit)

    def read_as(self, shape: type[R], after: Position, limit: int = 1_000) -> list[R]:
        return self.reader.all(shape, min(after, LAST_POSITION), limit)

    def read_at(self, positions: Sequence[Position]) -> list[EventMessage]:
        return self.reader.at([position for position in positions if position <= LAST_POSITION])

    def head(self) -> Position:
        return number(self.links.read(HEAD).get_value(0, 0))

    def position_at(self, moment: datetime) -> Position:
        return number(self.links.read(POSITION_AT, timestamptz(moment)).get_value(0, 0))

    def wait(self, after: Position, timeout: float) -> bool:
        return self.head_watcher.wait(after, timeout)

    def close(self) -> None:
        self.links.close()
        self.writing.close()
