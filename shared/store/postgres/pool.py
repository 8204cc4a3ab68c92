"""The PostgreSQL connections of one process: opened on demand, reused while the server keeps them open, and limited in number."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue

from psycopg import pq

from shared.address import Address
from shared.errors import Unavailable
from shared.store.postgres.connection import ANSWER_TIMEOUT_S, Connection, Statement

MAX_CONNECTIONS = 6  # for the reads of one process; deploy/connections.py adds up those of all processes


class ConnectionPool:
    """At most `max_connections` connections, one for each call in progress; further callers wait for a permit.

    The limit exists because a server has, by default, 100 connections for all its clients, and few processors to serve them.
    """

    def __init__(self, dsn: Address | str, max_connections: int = MAX_CONNECTIONS, answer_timeout: float = ANSWER_TIMEOUT_S) -> None:
        self.dsn = Address(dsn)
        self.max_connections = max_connections
        self.answer_timeout = answer_timeout
        self.permits: SimpleQueue[None] = SimpleQueue()  # used as a semaphore: seven times as fast as threading.Semaphore
        for _ in range(max_connections):
            self.permits.put(None)
        self.idle: list[Connection] = []

    @property
    def in_use(self) -> int:
        """How many connections are lent now."""
        return self.max_connections - self.permits.qsize()

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Lend a connection. It is closed if the block fails, and kept for the next caller otherwise.

        If it fails because the server was silent or away, the idle ones are closed too: they lead to the same server, and each would have
        a caller wait for as long.

        Raises:
            Unavailable: the server cannot be reached, or no connection became free within `answer_timeout` seconds.
        """
        try:
            self.permits.get(timeout=self.answer_timeout)
        except Empty:
            raise Unavailable(f"PostgreSQL: no connection was free for {self.answer_timeout:g} seconds") from None
        try:
            connection = self.take_or_open()
            try:
                yield connection
            except BaseException as fault:
                connection.close()
                if isinstance(fault, Unavailable):
                    self.close()
                raise
            self.idle.append(connection)
        finally:
            self.permits.put(None)

    def take_or_open(self) -> Connection:
        """Return an idle connection that the server has not closed, or a new one."""
        while self.idle:
            try:
                connection = self.idle.pop()
            except IndexError:  # another thread took the last one
                break
            if connection.is_alive():
                return connection
            connection.close()
        return Connection(self.dsn, self.answer_timeout)

    def call_idempotent(self, statement: Statement, *values: bytes | None) -> pq.abc.PGresult:
        """Execute a statement that may be executed twice: once more, on another connection, if the first one breaks."""
        try:
            with self.connection() as connection:
                return connection.call(statement, *values)
        except Unavailable:
            with self.connection() as connection:
                return connection.call(statement, *values)

    def close(self) -> None:
        """Close the idle connections."""
        with suppress(IndexError):  # another thread took the last one
            while self.idle:
                self.idle.pop().close()
