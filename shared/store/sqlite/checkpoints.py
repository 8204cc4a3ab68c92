"""Checkpoints in an SQLite file, beside the log or in a file of their own; leases are in lease.py.

How it works
------------
Checkpoints are rows of a table. A save is an upsert that never lowers a position. One under a lease changes nothing unless the token of the
lease is the last that was given. What was applied is written in the same transaction.
"""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from shared.message import START, Position
from shared.store.lease import Lease, lost
from shared.store.port import Held
from shared.store.sqlite import coverage as coverages
from shared.store.sqlite import lease
from shared.store.sqlite.connections import open_for_writing, raises_unavailable

SCHEMA = (Path(__file__).parent / "sql" / "checkpoints.sql").read_text()
LOAD = "select position from checkpoints where name = ?"
LOAD_COVERED = """select coalesce((select position from checkpoints where name = ?1), 0),
          (select applied from coverage where name = ?1)"""
SAVE = """insert into checkpoints (name, position) values (?, ?)
          on conflict (name) do update set position = excluded.position where excluded.position > checkpoints.position"""
SAVE_UNDER_LEASE = """insert into checkpoints (name, position) select ?, ? from leases where name = ? and token = ?
          on conflict (name) do update set position = excluded.position where excluded.position > checkpoints.position"""
SAVE_COVERED = """insert into checkpoints (name, position) values (?, ?) on conflict (name) do update
          set position = excluded.position where excluded.position >= checkpoints.position returning position"""
SELECT_LAST = "select token from leases where name = ?"
COUNT_UP = "insert into leases values (?, 1) on conflict (name) do update set token = token + 1 returning token"


class SqliteCheckpoints:
    """Checkpoints in the file `path`, which is created if it does not exist."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.connection = open_for_writing(self.path, f"{SCHEMA}\n{coverages.SCHEMA}")
        self.lock = threading.Lock()  # one thread at a time uses the connection

    def load(self, name: str) -> Position:
        rows = self.execute(LOAD, (name,))
        return int(rows[0][0]) if rows else START

    def save(self, name: str, position: Position, held: Held = True, coverage: str | None = None) -> None:
        if coverage is not None:
            self.save_covered(name, position, held, coverage)
        elif not isinstance(held, Lease):
            self.execute(SAVE, (name, position))
        else:
            self.execute(SAVE_UNDER_LEASE, (name, position, held.name, held.token))
            if self.execute(SELECT_LAST, (held.name,)) != [(held.token,)]:
                raise lost(held.name)

    def save_covered(self, name: str, position: Position, held: Held, coverage: str) -> None:
        with self.transaction():
            if isinstance(held, Lease) and self.connection.execute(SELECT_LAST, (held.name,)).fetchall() != [(held.token,)]:
                raise lost(held.name)
            if self.connection.execute(SAVE_COVERED, (name, position)).fetchall():
                coverages.write(self.connection, name, coverage)

    def load_covered(self, name: str) -> tuple[Position, str | None]:
        with self.lock, raises_unavailable(self.path):
            position, applied = self.connection.execute(LOAD_COVERED, (name,)).fetchone()
        return int(position), None if applied is None else applied.decode()

    def execute(self, statement: str, values: tuple[str | int, ...]) -> list[tuple[int]]:
        with self.lock, raises_unavailable(self.path):
            return self.connection.execute(statement, values).fetchall()

    def lease(self, name: str, timeout: float) -> AbstractContextManager[Held]:
        return lease.lease(self.path.with_name(f"{self.path.name}.{name}.lease"), name, timeout, self)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self.lock, raises_unavailable(self.path):
            self.connection.execute("begin immediate")
            try:
                yield
            except BaseException:
                self.connection.execute("rollback")
                raise
            self.connection.execute("commit")

    def count_up(self, name: str) -> int:
        (row,) = self.connection.execute(COUNT_UP, (name,)).fetchall()
        return int(row[0])

    def close(self) -> None:
        with self.lock:
            self.connection.close()
