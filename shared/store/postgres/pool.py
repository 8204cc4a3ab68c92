"""The connections of a process: opened when they are needed, kept when they are idle, and never too many."""

from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue

from psycopg import pq

from shared.errors import Unavailable
from shared.store.postgres.connection import SILENCE, Connection, Statement

MOST = 6  # reads under way in a process; whoever comes then waits for its turn. docker-compose.yml counts what that is in all


class ConnectionPool:
    """One for each call under way, at most so many: a server has a hundred for all of its clients, and two cores work on few at once."""

    def __init__(self, dsn: str, most: int = MOST, silence: float = SILENCE) -> None:
        self.dsn = dsn
        self.silence = silence
        self.turns: SimpleQueue[None] = SimpleQueue()  # as a semaphore, which costs seven times as much
        for _ in range(most):
            self.turns.put(None)
        self.idle: list[Connection] = []

    @contextmanager
    def link(self) -> Iterator[Connection]:
        try:
            self.turns.get(timeout=self.silence)
        except Empty:
            raise Unavailable(f"PostgreSQL: no connection was free for {self.silence:g} seconds") from None
        try:
            link = self.taken()
            try:
                yield link
            except BaseException:
                link.close()
                raise
            self.idle.append(link)
        finally:
            self.turns.put(None)

    def taken(self) -> Connection:
        while self.idle:
            try:
                link = self.idle.pop()
            except IndexError:  # another thread was faster
                break
            if link.alive():
                return link
            link.close()
        return Connection(self.dsn, self.silence)

    def read(self, statement: Statement, *values: bytes | None) -> pq.abc.PGresult:
        """A call that changes nothing is simply made again when its connection breaks."""
        try:
            with self.link() as link:
                return link.call(statement, *values)
        except Unavailable:
            with self.link() as link:
                return link.call(statement, *values)

    def close(self) -> None:
        while self.idle:
            self.idle.pop().close()
