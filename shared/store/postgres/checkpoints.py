"""Checkpoints and leases in PostgreSQL.

How it works
------------
Checkpoints are rows of the table `checkpoints`. A save is an upsert that never lowers a position.

A lease is a session-level advisory lock, held by a connection that is opened for it and does nothing else. The server releases the lock
when the connection ends, so also when the process dies. Two more cases need care:

- The holder's machine disappears from the network. The server notices because the session asks it to probe the connection
  (SERVER_KEEPALIVES): after 10 + 4 x 5 = 30 seconds it closes the session, and another process can take the lease.
- The server ends the session (an administrator, a restart, a failover) while the holder is still working. The holder finds that out by
  itself: `Held` checks whether anything arrived on its idle socket, without a round trip. A holder must therefore check `held` before
  each unit of work, and leave the block once it is false.

Waiting for a lease is waiting for the lock, with `lock_timeout` as the limit. The session ends with the block in any case, so an attempt
that fails or is cancelled leaves no lock behind.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from shared.address import Address
from shared.errors import Unavailable
from shared.message import START, Position
from shared.store.port import Held
from shared.store.postgres.binary_format import INT4, INT8, TEXT, pack_int8, unpack_int8
from shared.store.postgres.connection import ANSWER_TIMEOUT_S, Connection, Statement
from shared.store.postgres.pool import ConnectionPool
from shared.store.postgres.schema import set_up

LOAD = Statement("load", "select position from public.checkpoints where name = $1", TEXT)
SAVE = Statement(
    "save",
    """insert into public.checkpoints (name, position) values ($1, $2) on conflict (name) do update
    set position = excluded.position where excluded.position > checkpoints.position""",
    TEXT,
    INT8,
)
TRY_LOCK = Statement("try_lease", "select pg_try_advisory_lock($1, hashtext($2))", INT4, TEXT)
WAIT_FOR_LOCK = Statement("take_lease", "select pg_advisory_lock($1, hashtext($2))", INT4, TEXT)
LEASE_LOCK_CLASS = 7061729  # the first key of our advisory locks: keeps leases apart from the other advisory locks of the database
SERVER_KEEPALIVES = b"set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 4"
MAX_CONNECTIONS = 2  # beside one for each lease
TRUE = b"\1"


class PostgresCheckpoints:
    """Checkpoints in the database at `dsn`, which is set up if necessary (see `schema.set_up` for the errors)."""

    def __init__(self, dsn: Address | str) -> None:
        self.dsn = Address(dsn)
        set_up(self.dsn)
        self.pool = ConnectionPool(dsn, MAX_CONNECTIONS)

    def load(self, name: str) -> Position:
        result = self.pool.call_idempotent(LOAD, name.encode())
        return unpack_int8(result.get_value(0, 0)) if result.ntuples else START

    def save(self, name: str, position: Position) -> None:
        self.pool.call_idempotent(SAVE, name.encode(), pack_int8(position))

    @contextmanager
    def lease(self, name: str, timeout: float) -> Iterator[Held]:
        connection = Connection(self.dsn, timeout + ANSWER_TIMEOUT_S)
        try:
            yield Lease(connection, acquired=acquire_lock(connection, name, timeout))
        finally:
            connection.close()

    def close(self) -> None:
        self.pool.close()


class Lease:
    """True while the lock was acquired and its session is alive."""

    def __init__(self, connection: Connection, *, acquired: bool) -> None:
        self.connection = connection
        self.acquired = acquired

    def __bool__(self) -> bool:
        return self.acquired and self.connection.is_alive()


def acquire_lock(connection: Connection, name: str, timeout: float) -> bool:
    """Take the lock of a lease for this session; return False if another session holds it for `timeout` seconds."""
    connection.run(SERVER_KEEPALIVES)
    keys = (LEASE_LOCK_CLASS.to_bytes(4, "big"), name.encode())
    if timeout <= 0:
        return connection.call(TRY_LOCK, *keys).get_value(0, 0) == TRUE
    connection.run(b"set lock_timeout = %d" % max(1, round(timeout * 1000)))
    try:
        connection.call(WAIT_FOR_LOCK, *keys)
    except Unavailable as fault:
        if isinstance(fault.__cause__, psycopg.errors.LockNotAvailable):
            return False
        raise
    return True
