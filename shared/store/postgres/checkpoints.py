"""Positions and leases in PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from shared.errors import Unavailable
from shared.message import START, Position
from shared.store.port import Held
from shared.store.postgres.binary_format import INT4, INT8, TEXT, int8
from shared.store.postgres.connection import SILENCE, Connection, Statement
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
TRY = Statement("try_lease", "select pg_try_advisory_lock($1, hashtext($2))", INT4, TEXT)
TAKE = Statement("take_lease", "select pg_advisory_lock($1, hashtext($2))", INT4, TEXT)
LEASES = 7061729  # the class of our advisory locks, so that a lease meets no other lock of the database
# A holder whose machine vanished without a word must lose its lease: the server asks after it, and hangs up after half a minute.
KEEPALIVE = b"set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 4"
TRUE = b"\1"


class PostgresCheckpoints:
    def __init__(self, dsn: str) -> None:
        set_up(dsn)
        self.dsn = dsn
        self.links = ConnectionPool(dsn, most=2)

    def load(self, name: str) -> Position:
        result = self.links.read(LOAD, name.encode())
        return int.from_bytes(result.get_value(0, 0) or b"", "big") if result.ntuples else START

    def save(self, name: str, position: Position) -> None:
        self.links.read(SAVE, name.encode(), int8(position))  # saving twice is saving once

    @contextmanager
    def lease(self, name: str, timeout: float) -> Iterator[Held]:
        """A lock of a session of its own: the server gives it back when the connection ends, and so when the process dies."""
        link = Connection(self.dsn, timeout + SILENCE)
        try:
            yield Lease(link, taken=locked(link, name, timeout))
        finally:
            link.close()

    def close(self) -> None:
        self.links.close()


class Lease:
    """Held while its session lives. A server that ends the session gives the lock to another, and says farewell on this socket."""

    def __init__(self, link: Connection, *, taken: bool) -> None:
        self.link = link
        self.taken = taken

    def __bool__(self) -> bool:
        return self.taken and self.link.alive()


def locked(link: Connection, name: str, timeout: float) -> bool:
    link.run(KEEPALIVE)
    lock = (LEASES.to_bytes(4, "big"), name.encode())
    if timeout <= 0:
        return link.call(TRY, *lock).get_value(0, 0) == TRUE
    link.run(b"set lock_timeout = %d" % max(1, round(timeout * 1000)))
    try:
        link.call(TAKE, *lock)
    except Unavailable as fault:
        if isinstance(fault.__cause__, psycopg.errors.LockNotAvailable):
            return False
        raise
    return True
