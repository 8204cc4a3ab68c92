"""A PostgreSQL server that stops answering, or reports errors: every wait has a limit, and only transient errors are Unavailable."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from shared.address import Address
from shared.errors import Unavailable
from shared.store.group_commit import GroupCommit
from shared.store.port import Append
from shared.store.postgres.connection import ANSWER_TIMEOUT_S, CONNECTION_TIMEOUTS, Connection, Statement, with_timeouts
from shared.store.postgres.pool import ConnectionPool
from shared.store.postgres.store import PostgresStore
from shared.store.postgres.writer import PostgresWriter
from tests.contract.store.test_postgres import READS
from tests.contract.store.writing import all_events, append, event
from tests.processes import eventually
from tests.servers import PostgresServer

SHORT_TIMEOUT_S = 0.5
STATEMENT_TIMEOUT_S = 6
WRITERS_LOCK_KEY = 7061727


@pytest.fixture
def store(own_postgres: PostgresServer) -> Iterator[PostgresStore]:
    """A store with a short timeout, on a server whose processes may be stopped."""
    store = PostgresStore(own_postgres.dsn)
    store.writer_pool = ConnectionPool(own_postgres.dsn, 1, SHORT_TIMEOUT_S)
    store.group_commit = GroupCommit(PostgresWriter(store.writer_pool).commit)
    store.reader_pool.answer_timeout = SHORT_TIMEOUT_S
    store.append(append("a"))
    yield store
    store.close()


def test_every_call_on_a_lost_connection_is_unavailable(postgres_dsn: str) -> None:
    connection = Connection(postgres_dsn)
    connection.psycopg_connection.close()
    for call in (lambda: connection.run(b"select 1"), lambda: connection.call(Statement("one", "select 1"))):
        with pytest.raises(Unavailable):
            call()


@contextmanager
def stopped_server(pool: ConnectionPool) -> Iterator[int]:
    """Stop the server process of the connection that is used next: it neither answers nor closes the connection."""
    with pool.connection() as connection:
        pid = connection.pgconn.backend_pid
    os.kill(pid, signal.SIGSTOP)
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_silent_server_is_unavailable_for_a_writer_and_for_those_queued_after_it(store: PostgresStore) -> None:
    appends = [append(name) for name in "bcd"]
    with ThreadPoolExecutor(3) as threads, stopped_server(store.writer_pool):
        faults = [type(waiting.exception(30)) for waiting in [threads.submit(store.append, each) for each in appends]]
    assert Unavailable in faults
    assert set(faults) <= {Unavailable, type(None)}
    assert [store.append(each).version for each in appends] == [1, 1, 1]
    assert len(all_events(store)) == 4


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_a_read_without_an_answer_is_retried_on_another_connection(store: PostgresStore, read: Callable[[PostgresStore], object]) -> None:
    with stopped_server(store.reader_pool):
        assert read(store) == 1


def test_sending_a_large_append_to_a_silent_server_times_out(store: PostgresStore) -> None:
    """Here it is the request that does not leave, because the buffers of the network are full."""
    large = Append("large", 0, [event("large", data=b'"' + b"x" * 250_000 + b'"') for _ in range(40)])
    with ThreadPoolExecutor(1) as threads, stopped_server(store.writer_pool):
        fault = threads.submit(store.append, large).exception(30)
    assert isinstance(fault, Unavailable)
    assert store.append(large).version == 40


def test_a_server_that_accepts_no_connection_is_unavailable(own_postgres: PostgresServer) -> None:
    pid = int(Path(own_postgres.data, "postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(Unavailable):
            Connection(own_postgres.dsn + "?connect_timeout=2")
    finally:
        os.kill(pid, signal.SIGCONT)


def test_the_answer_timeout_is_longer_than_those_of_the_server(postgres_dsn: str) -> None:
    """So the server says why there is no answer, where it can."""
    with ConnectionPool(postgres_dsn).connection() as connection:
        names = (b"lock_timeout", b"statement_timeout")
        limits = [connection.pgconn.exec_(b"show " + name).get_value(0, 0) for name in names]
    assert limits == [b"5s", b"6s"]
    assert ANSWER_TIMEOUT_S > STATEMENT_TIMEOUT_S


def test_a_silence_closes_the_idle_connections_of_the_pool(postgres_dsn: str) -> None:
    """They lead to the same server: each would have a caller wait for as long."""
    pool = ConnectionPool(postgres_dsn, 3, SHORT_TIMEOUT_S)
    with pool.connection(), pool.connection():
        pass
    assert len(pool.idle) == 2
    with pytest.raises(Unavailable), pool.connection() as connection:
        connection.call(Statement("long", "select pg_sleep(5)"))
    assert pool.idle == []


def test_an_address_keeps_its_own_timeouts() -> None:
    parameters = psycopg.conninfo.conninfo_to_dict(with_timeouts(Address("postgresql://a@b/c?connect_timeout=3&keepalives_idle=60")))
    assert {name: parameters[name] for name in CONNECTION_TIMEOUTS} == {name: str(value) for name, value in CONNECTION_TIMEOUTS.items()} | {
        "connect_timeout": "3",
        "keepalives_idle": "60",
    }


def test_a_permanent_error_is_not_unavailable(postgres_dsn: str) -> None:
    """A caller retries what is Unavailable. psycopg calls this error operational, but it would recur for ever."""
    with pytest.raises(psycopg.OperationalError, match="too large"):
        ConnectionPool(postgres_dsn).call_idempotent(Statement("long", "select repeat('x', 2000000000)"))


@pytest.mark.parametrize("function", ["pg_cancel_backend", "pg_terminate_backend"])
def test_a_call_stopped_by_an_administrator_is_unavailable(postgres_dsn: str, function: str) -> None:
    store = PostgresStore(postgres_dsn)
    with psycopg.connect(postgres_dsn, autocommit=True) as connection, ThreadPoolExecutor(1) as pool:
        connection.execute("select pg_advisory_lock(%s)", (WRITERS_LOCK_KEY,))
        call = pool.submit(store.append, append("a"))
        (pid,) = eventually(lambda: connection.execute("select pid from pg_locks where not granted").fetchone())
        connection.execute(f"select {function}(%s)".encode(), (pid,))
        assert isinstance(call.exception(30), Unavailable)


def test_callers_wait_while_all_connections_of_a_pool_are_in_use(postgres_dsn: str) -> None:
    pool = ConnectionPool(postgres_dsn, 2)
    release, lent = threading.Event(), threading.Semaphore(0)

    def hold() -> int:
        with pool.connection() as connection:
            lent.release()
            release.wait(30)
            return connection.pgconn.backend_pid

    with ThreadPoolExecutor(5) as threads:
        holding = [threads.submit(hold) for _ in range(5)]
        assert lent.acquire(timeout=10)
        assert lent.acquire(timeout=10)
        assert not lent.acquire(timeout=0.2)
        release.set()
        assert len({each.result() for each in holding}) == 2


def test_waiting_too_long_for_a_connection_is_unavailable(postgres_dsn: str) -> None:
    pool = ConnectionPool(postgres_dsn, 1, SHORT_TIMEOUT_S)
    with pool.connection(), pytest.raises(Unavailable, match="no connection was free"), pool.connection():
        pass
    with pool.connection() as connection:
        assert connection.is_alive()
