"""The event log in PostgreSQL, for many processes on many machines.

How it works
------------
Order. All appends go through one SQL function, `append_events`. It takes an advisory lock, then chooses the positions, and PostgreSQL
releases the lock only after the commit is visible to others. So positions become visible in the order in which they were chosen, and
a reader that continues from the last position it has seen misses nothing. A `serial` column or a sequence would not do that: they
give out numbers before the commit, and transactions commit in any order. sql/append_events.sql explains this in detail.

One writer a process. The appends of all threads are committed in groups (group_commit.py), through one connection: more would only
wait for each other's lock. writer.py packs the arguments of the function.

Reading. reader.py reads through a small pool of connections (pool.py); a read whose connection breaks is made once more. The stored
`message` is the complete event as a line of JSON, written by the function.

Calls. All calls are prepared statements with binary values, sent through libpq with a time limit (connection.py, binary_format.py).

Waiting. Readers of this process are woken by its own commits; commits of other processes are found by polling (head_watcher.py).
LISTEN/NOTIFY would wake readers sooner, but it slows every writer down (docs/adr/0010-readers-look-at-the-head-of-the-log.md).

Failover. The address may name several hosts with `target_session_attrs=read-write`: a call that fails is Unavailable, and the next one
connects to the server that accepts writes then.

Setting up tables, function and rights is schema.py; checkpoints and leases are checkpoints.py.
"""

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime

from shared.address import Address
from shared.errors import Conflict
from shared.message import EventMessage, Position
from shared.store.group_commit import GroupCommit
from shared.store.head_watcher import HeadWatcher
from shared.store.port import LAST_POSITION, NO_STREAM, Append, Appended, R, by_stream, only
from shared.store.postgres.binary_format import TIMESTAMPTZ, pack_timestamptz, unpack_int8
from shared.store.postgres.connection import Statement
from shared.store.postgres.pool import ConnectionPool
from shared.store.postgres.reader import PostgresReader
from shared.store.postgres.schema import set_up
from shared.store.postgres.writer import PostgresWriter
from shared.store.stored import StoredEvent

MAX_WRITERS = 1  # group commit writes for all callers
HEAD = Statement("head", "select coalesce(max(position), 0) from public.events")
POSITION_AT = Statement("position_at", "select public.position_at($1)", TIMESTAMPTZ)


class PostgresStore:
    """The log in the database at `dsn`, which is set up if necessary (see `schema.set_up` for the errors)."""

    def __init__(self, dsn: Address | str) -> None:
        set_up(Address(dsn))
        self.reader_pool = ConnectionPool(dsn)
        self.reader = PostgresReader(self.reader_pool)
        self.writer_pool = ConnectionPool(dsn, MAX_WRITERS)
        self.group_commit = GroupCommit(PostgresWriter(self.writer_pool).commit)
        self.head_watcher = HeadWatcher(self.head)

    def append(self, append: Append) -> Appended:
        return only(self.append_many([append]))

    def append_many(self, appends: Sequence[Append]) -> list[Appended | Conflict]:
        if not appends:
            return []
        outcomes = self.group_commit(appends)
        self.head_watcher.wake()
        return outcomes

    def together(self) -> AbstractContextManager[bool]:
        """Nothing is gained here: each append is made as usual."""
        return nullcontext(False)

    def read_stream(self, stream: str, after: int = NO_STREAM) -> list[EventMessage]:
        return self.reader.read_stream(stream, after)

    def read_streams(self, streams: Collection[str]) -> dict[str, list[EventMessage]]:
        return by_stream(streams, self.reader.read_streams(streams))

    def read_all(self, after: Position, limit: int = 1_000) -> list[EventMessage]:
        return self.read_as(EventMessage, after, limit)

    def read_as(self, shape: type[R], after: Position, limit: int = 1_000) -> list[R]:
        return self.reader.read_page(shape, min(after, LAST_POSITION), limit)

    def read_stored(self, after: Position, limit: int) -> list[StoredEvent]:
        return self.reader.read_stored(min(after, LAST_POSITION), limit)

    def read_at(self, positions: Sequence[Position]) -> list[EventMessage]:
        return self.reader.read_at([position for position in positions if position <= LAST_POSITION])

    def head(self) -> Position:
        return unpack_int8(self.reader_pool.call_idempotent(HEAD).get_value(0, 0))

    def position_at(self, moment: datetime) -> Position:
        return unpack_int8(self.reader_pool.call_idempotent(POSITION_AT, pack_timestamptz(moment)).get_value(0, 0))

    def wait(self, after: Position, timeout: float) -> bool:
        return self.head_watcher.wait(after, timeout)

    def close(self) -> None:
        self.reader_pool.close()
        self.writer_pool.close()
