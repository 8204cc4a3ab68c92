"""Ending the session of a lease, and no other: as an administrator does, or a server that restarts."""

import psycopg

LEASES = 7061729
HOLDER = "select pid from pg_locks where locktype = 'advisory' and granted and classid = %s and objid = hashtext(%s)::bigint & 4294967295"


def holder(dsn: str, name: str) -> int | None:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(HOLDER, (LEASES, name)).fetchone()
    return int(row[0]) if row else None


def end_lease(dsn: str, name: str) -> int | None:
    """The backend that held it, or None where nobody did."""
    pid = holder(dsn, name)
    if pid:
        with psycopg.connect(dsn) as connection:
            connection.execute("select pg_terminate_backend(%s)", (pid,))
    return pid
