"""Leases in PostgreSQL.

How it works
------------
A lease is a session-level advisory lock, held by a connection that is opened for it and does nothing else. The server releases the lock
when the session ends, and the session ends

- at once, when the process dies or the server closes it (an administrator, a restart, a failover);
- after LEASE_S without a beat, by the server's own clock (`idle_session_timeout`): when the holder is frozen, or its machine is cut off.

Waiting for a lease is waiting for the lock, with `lock_timeout` as the limit, so the next holder has it at once. It then counts the token
up (`leases.sql`), still with the lock, so tokens rise in the order of the holders. A waiting process that is frozen may be given the lock,
and loses it in the same way.

The holder finds out by itself that the server ended its session: a lease looks whether anything arrived on its idle socket, without a round
trip.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg

from shared.address import Address
from shared.errors import Unavailable
from shared.store.lease import LEASE_S, Lease
from shared.store.port import Held
from shared.store.postgres.binary_format import INT4, TEXT, unpack_int8
from shared.store.postgres.connection import ANSWER_TIMEOUT_S, Connection, Statement

TRY_LOCK = Statement("try_lease", "select pg_try_advisory_lock($1, hashtext($2))", INT4, TEXT)
WAIT_FOR_LOCK = Statement("take_lease", "select pg_advisory_lock($1, hashtext($2))", INT4, TEXT)
COUNT_UP = Statement(
    "next_token",
    "insert into public.leases values ($1, 1) on conflict (name) do update set token = leases.token + 1 returning token",
    TEXT,
)
BEAT = Statement("beat", "select 1")
LEASE_LOCK_CLASS = 7061729  # the first key of our advisory locks: keeps leases apart from the other advisory locks of the database
TRUE = b"\1"


class PostgresLease(Lease):
    """Also false as soon as the server has closed the connection."""

    def __init__(self, name: str, token: int, connection: Connection, since: float) -> None:
        super().__init__(name, token, self.call, since)
        self.connection = connection
        self.connection.answer_timeout = LEASE_S
        self.calling = threading.Lock()

    def call(self) -> None:
        with self.calling:
            self.connection.call(BEAT)

    def __bool__(self) -> bool:
        return super().__bool__() and self.is_alive()

    def is_alive(self) -> bool:
        if not self.calling.acquire(blocking=False):  # what arrives then is the answer
            return True
        try:
            return self.connection.is_alive()
        finally:
            self.calling.release()


@contextmanager
def lease(address: Address, name: str, timeout: float) -> Iterator[Held]:
    with closing(Connection(address, timeout + ANSWER_TIMEOUT_S)) as connection:
        if not acquire_lock(connection, name, timeout):
            yield False
            return
        since = time.monotonic()
        token = unpack_int8(connection.call(COUNT_UP, name.encode()).get_value(0, 0))
        held = PostgresLease(name, token, connection, since)
        held.start()
        try:
            yield held
        finally:
            held.end()


def acquire_lock(connection: Connection, name: str, timeout: float) -> bool:
    """Take the lock of a lease for this session; return False if another session holds it for `timeout` seconds."""
    connection.run(b"set idle_session_timeout = %d; set statement_timeout = 0" % round(LEASE_S * 1_000))
    keys = (LEASE_LOCK_CLASS.to_bytes(4, "big"), name.encode())
    if timeout <= 0:
        return connection.call(TRY_LOCK, *keys).get_value(0, 0) == TRUE
    connection.run(b"set lock_timeout = %d" % max(1, round(timeout * 1_000)))
    try:
        connection.call(WAIT_FOR_LOCK, *keys)
    except Unavailable as fault:
        if isinstance(fault.__cause__, psycopg.errors.LockNotAvailable):
            return False
        raise
    return True
