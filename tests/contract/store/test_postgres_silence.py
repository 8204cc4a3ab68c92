"""A PostgreSQL server that is frozen: the first call that finds it has all connections of the process give it up, whoever opened them."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import pytest
from sqlalchemy import text

from services.reporting.projection.database import open_engine, unavailable_if_unreachable
from shared.address import Address
from shared.errors import Unavailable
from shared.store.postgres.connection import ANSWER_TIMEOUT_S, Statement
from shared.store.postgres.pool import ConnectionPool
from shared.store.postgres.presence import ASK_TIMEOUT_S
from shared.store.postgres.silence import ASK_AFTER_S, LOOK_INTERVAL_S
from tests.servers import PostgresServer

FOUND_WITHIN_S = ASK_AFTER_S + ASK_TIMEOUT_S + 2 * LOOK_INTERVAL_S
ONE = Statement("one", "select 1")
NAP = Statement("nap", "select pg_sleep(3)")


@contextmanager
def frozen(server: PostgresServer) -> Iterator[None]:
    assert server.child is not None
    family = server.child.family()
    for process in family:
        process.suspend()
    try:
        yield
    finally:
        for process in family:
            process.resume()


def test_one_call_finds_the_silence_for_all_pools(own_postgres: PostgresServer) -> None:
    used, idle, engine = ConnectionPool(own_postgres.dsn, 3), ConnectionPool(own_postgres.dsn), open_engine(Address(own_postgres.dsn))
    for pool in (used, idle):
        pool.call_idempotent(ONE)
    with engine.begin() as connection:
        connection.execute(text("select 1"))
    (old,) = idle.idle
    with frozen(own_postgres):
        began = time.monotonic()
        with pytest.raises(Unavailable, match="the server does not answer"), used.connection() as connection:
            connection.call(ONE)
        assert time.monotonic() - began < FOUND_WITHIN_S < ANSWER_TIMEOUT_S
        assert not old.is_alive()
        again = time.monotonic()
        with suppress(Unavailable), unavailable_if_unreachable(engine), engine.begin() as connection:
            connection.execute(text("select 1"))
        assert time.monotonic() - again < ANSWER_TIMEOUT_S / 2  # it opens another connection, at once
    with engine.begin() as connection:
        assert connection.execute(text("select 1")).scalar_one() == 1
    idle.call_idempotent(ONE)
    engine.dispose()
    for pool in (used, idle):
        pool.close()


def test_whoever_waits_meanwhile_waits_no_longer(own_postgres: PostgresServer) -> None:
    pool, engine = ConnectionPool(own_postgres.dsn, 3), open_engine(Address(own_postgres.dsn))

    def call() -> None:
        with pool.connection() as connection:
            connection.call(ONE)

    def select() -> None:
        with unavailable_if_unreachable(engine), engine.begin() as connection:
            connection.execute(text("select 1"))

    call()
    select()
    with ThreadPoolExecutor(2) as threads, frozen(own_postgres):
        began = time.monotonic()
        waiting = [threads.submit(each) for each in (call, select)]
        assert [type(each.exception(30)) for each in waiting] == [Unavailable, Unavailable]
        assert time.monotonic() - began < FOUND_WITHIN_S + 3  # one of them may have opened another connection
    engine.dispose()
    pool.close()


def test_a_statement_that_takes_long_is_no_silence(own_postgres: PostgresServer) -> None:
    pool = ConnectionPool(own_postgres.dsn, 2)
    pool.call_idempotent(ONE)
    with pool.connection() as connection:
        connection.call(NAP)
        assert not connection.link.given_up
    assert len(pool.idle) == 1
    pool.close()
