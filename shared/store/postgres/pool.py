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
        """Lend a connection to a block: see `take` and `give_back`."""
        connection = self.take()
        try:
            yield connection
        except BaseException as fault:
            self.give_back(connection, fault)
            raise
        self.give_back(connection)

    def take(self) -> Connection:
        """Lend a connection, which must be given back.

        Raises:
            Unavailable: the server cannot be reached, or no connection became free within `answer_timeout` seconds.
        """
        try:
            self.permits.get(timeout=self.answer_timeout)
        except Empty:
            raise Unavailable(f"PostgreSQL: no connection was free for {self.answer_timeout:g} seconds") from None
        try:
            return self.idle_one() or Connection(self.dsn, self.answer_timeout)
        except BaseException:
            self.permits.put(None)
            raise

    def give_back(self, connection: Connection, fault: BaseException | None = None) -> None:
        """Keep a connection for the next caller, or close it if its call failed.

        If it failed because the server was silent or away, the idle ones are closed too: they lead to the same server, and each would have
        a caller wait for as long.
        """
        try:
            if fault is None:
                self.idle.append(connection)
                return
            connection.close()
            if isinstance(fault, Unavailable):
                self.close()
        finally:
            self.permits.put(None)

    def idle_one(self) -> Connection | None:
        """An idle connection that the server has not closed."""
        while self.idle:
            try:
                connection = self.idle.pop()
            except IndexError:  # another thread took the last one
                break
            if connection.is_alive():
                return connection
            connection.close()
        return None

    def call(self, statement: Statement, *values: bytes | None) -> pq.abc.PGresult:
        """Execute a statement on one of the connections."""
        connection = self.take()
        try:
            result = connection.call(statement, *values)
        except BaseException as fault:
            self.give_back(connection, fault)
            raise
        self.give_back(connection)
        return result

    def call_idempotent(self, statement: Statement, *values: bytes | None) -> pq.abc.PGresult:
        """Execute a statement that may be executed twice: once more, on another connection, if the first one breaks."""
        try:
            return self.call(statement, *values)
        except Unavailable:
            return self.call(statement, *values)

    def close(self) -> None:
        """Close the idle connections."""
        with suppress(IndexError):  # another thread took the last one
            while self.idle:
                self.idle.pop().close()
