"""Deadlines of transactions in PostgreSQL: no reader waits for longer than its caller, and no writer that is frozen keeps others waiting.

How it works
------------
The server ends a statement that takes too long, and a transaction whose client does nothing: that frees the writer's lock of a process that
is frozen between two statements. This process gives up a statement after ANSWER_TIMEOUT_S, and a server that is silent sooner
(`shared.store.postgres.silence`), and then opens other connections.

The statements of a rebuild may take long (an index over all rows), so its transactions have no deadline.
"""

import time
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Dialect, text

from shared.store.postgres import silence
from shared.store.postgres.connection import ANSWER_TIMEOUT_S

R = TypeVar("R")

SILENT = "PostgreSQL: the server does not answer"
DEADLINES = "SET LOCAL statement_timeout = '6s'; SET LOCAL idle_in_transaction_session_timeout = '5s'"
WRITER_LOCK_ID = 7_031_862  # of the advisory lock that the writer holds in PostgreSQL; all releases must agree on it
LOCK_WRITERS = f"SELECT pg_advisory_xact_lock({WRITER_LOCK_ID}, hashtext(:schema))"
LOCK_SWAPS = "LOCK TABLE checkpoint IN ACCESS SHARE MODE"


class BoundedConnection(psycopg.Connection[Any]):
    """Raises OperationalError and is closed when the server is silent, or a statement has no answer for `answer_timeout` seconds.

    None waits for as long as a statement takes.
    """

    answer_timeout: float | None = ANSWER_TIMEOUT_S

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.link = silence.Link(self.pgconn)

    def wait(self, gen: PQGen[R], interval: float = 0.1, timeout: float | None = None) -> R:
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        if self.link.given_up:
            self.pgconn.finish()
            raise psycopg.OperationalError(SILENT)
        since = looked = time.monotonic()
        while True:
            try:
                result = super().wait(gen, interval, silence.LOOK_INTERVAL_S)
            except psycopg.OperationalError:
                waited, looked = time.monotonic() - looked, time.monotonic()
                if waited < silence.LOOK_INTERVAL_S or self.pgconn.transaction_status != TransactionStatus.ACTIVE:
                    raise  # it was an answer, or the connection is lost
                if self.link.look(since) or self.is_late(since):
                    self.pgconn.finish()  # an answer may still come
                    raise
            else:
                self.link.server.answered()
                return result

    def is_late(self, since: float) -> bool:
        return self.answer_timeout is not None and time.monotonic() - since >= self.answer_timeout


def connect(dialect: Dialect, record: Any, arguments: Any, parameters: Any) -> BoundedConnection:
    """A listener for SQLAlchemy's event `do_connect`."""
    return BoundedConnection.connect(*arguments, **parameters)


def begin_reading(connection: Connection) -> None:
    connection.exec_driver_sql(f"{DEADLINES}; {LOCK_SWAPS}")


def begin_writing(connection: Connection, schema: str, *, long: bool) -> None:
    """Each schema has one writer at a time."""
    driver: Any = connection.connection.driver_connection
    driver.answer_timeout = None if long else ANSWER_TIMEOUT_S
    if not long:
        connection.exec_driver_sql(DEADLINES)
    connection.execute(text(LOCK_WRITERS), {"schema": schema})
