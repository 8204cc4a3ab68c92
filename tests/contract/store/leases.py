"""Ending the database session of a lease and no other, as an administrator would."""

import psycopg

LEASE_LOCK_CLASS = 7061729
SELECT_HOLDER = (
    "select pid from pg_locks where locktype = 'advisory' and granted and classid = %s and objid = hashtext(%s)::bigint & 4294967295"
)


def holder(dsn: str, name: str) -> int | None:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(SELECT_HOLDER, (LEASE_LOCK_CLASS, name)).fetchone()
    return int(row[0]) if row else None


def end_lease(dsn: str, name: str) -> int | None:
    """End the session that holds a lease; return its backend's process id, or None if the lease is free."""
    pid = holder(dsn, name)
    if pid:
        with psycopg.connect(dsn) as connection:
            connection.execute("select pg_terminate_backend(%s)", (pid,))
    return pid
