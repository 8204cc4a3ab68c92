"""Positions and leases in PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg

from shared.errors import Unavailable
from shared.message import START, Position
from shared.store.libpq import INT8, TEXT, Links, Statement, int8
from shared.store.postgres_schema import set_up

LOAD = Statement("load", "select position from public.checkpoints where name = $1", TEXT)
SAVE = Statement(
    "save",
    """insert into public.checkpoints (name, position) values ($1, $2) on conflict (name) do update
    set position = excluded.position where excluded.position > checkpoints.position""",
    TEXT,
    INT8,
)
LEASES = 7061729  # the class of our advisory locks, so that a lease meets no other lock of the database
# A holder whose machine vanished without a word must lose its lease: the server asks after it, and hangs up after half a minute.
KEEPALIVE = "set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 4"


class PostgresCheckpoints:
    def __init__(self, dsn: str) -> None:
        set_up(dsn)
        self.dsn = dsn
        self.links = Links(dsn)

    def load(self, name: str) -> Position:
        result = self.links.read(LOAD, name.encode())
        return int.from_bytes(result.get_value(0, 0) or b"", "big") if result.ntuples else START

    def save(self, name: str, position: Position) -> None:
        self.links.read(SAVE, name.encode(), int8(position))  # saving twice is saving once

    @contextmanager
    def lease(self, name: str, timeout: float) -> Iterator[bool]:
        """A lock of a session of its own: the server gives it back when the connection ends, and so when the process dies."""
        try:
            connection = psycopg.connect(self.dsn, autocommit=True)
            held = locked(connection, name, timeout)
        except psycopg.OperationalError as fault:
            raise Unavailable(f"PostgreSQL: {fault}") from fault
        try:
            yield held
        finally:
            with suppress(psycopg.OperationalError):
                connection.close()

    def close(self) -> None:
        self.links.close()


def locked(connection: psycopg.Connection[tuple[object, ...]], name: str, timeout: float) -> bool:
    connection.execute(KEEPALIVE)
    if timeout <= 0:
        row = connection.execute("select pg_try_advisory_lock(%s, hashtext(%s))", (LEASES, name)).fetchone()
        return bool(row and row[0])
    connection.execute(f"set lock_timeout = {max(1, round(timeout * 1000))}".encode())
    try:
        connection.execute("select pg_advisory_lock(%s, hashtext(%s))", (LEASES, name))
    except psycopg.errors.LockNotAvailable:
        return False
    return True
