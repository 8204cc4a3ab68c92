"""A lease whose PostgreSQL session ended while its holder lives: the holder must notice."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from shared.errors import Unavailable
from shared.store.lease import LEASE_S
from shared.store.postgres.checkpoints import PostgresCheckpoints
from tests.contract.store.leases import end_lease
from tests.processes import eventually

SELECT_WAITING = """select pid from pg_locks join pg_database on pg_database.oid = database
where locktype = 'advisory' and not granted and datname = current_database()"""


def test_a_holder_notices_that_its_session_was_ended_and_another_takes_over(postgres_dsn: str) -> None:
    checkpoints = PostgresCheckpoints(postgres_dsn)
    with checkpoints.lease("relay", 0) as first, checkpoints.lease("facts", 0) as other:
        assert first
        assert end_lease(postgres_dsn, "relay")
        eventually(lambda: not first)
        assert other
        with PostgresCheckpoints(postgres_dsn).lease("relay", 10) as second:
            assert (bool(first), bool(second)) == (False, True)


def test_the_server_ends_the_session_of_a_holder_that_shows_nothing(postgres_dsn: str) -> None:
    with PostgresCheckpoints(postgres_dsn).lease("relay", 0) as held:
        connection = held.connection  # type: ignore[attr-defined]  # only the lease of PostgreSQL has it
        assert connection.pgconn.exec_(b"show idle_session_timeout").get_value(0, 0) == b"%ds" % LEASE_S


def test_a_failed_attempt_to_get_a_lease_leaves_no_connection(postgres_dsn: str) -> None:
    checkpoints = PostgresCheckpoints(postgres_dsn)
    with (
        checkpoints.lease("relay", 0) as first,
        psycopg.connect(postgres_dsn, autocommit=True) as connection,
        ThreadPoolExecutor(1) as pool,
    ):
        assert first
        attempt = pool.submit(lambda: checkpoints.lease("relay", 30).__enter__())
        (pid,) = eventually(lambda: connection.execute(SELECT_WAITING).fetchone())
        connection.execute("select pg_cancel_backend(%s)", (pid,))
        with pytest.raises(Unavailable):
            attempt.result(30)
        eventually(lambda: connection.execute("select from pg_stat_activity where pid = %s", (pid,)).fetchone() is None, seconds=10)
