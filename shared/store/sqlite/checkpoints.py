"""Checkpoints and leases in an SQLite file, beside the log or in a file of their own.

How it works
------------
Checkpoints are rows of a table. A save is an upsert that never lowers a position.

A lease is not a row, since a process that is killed could not delete it. It is an exclusive `flock` on a file of its own,
`FILE.NAME.lease`: the kernel releases it when the process closes the file or dies, in whatever way it dies. So it is never withdrawn
from a living holder, and `Held` is a constant here. The file stays when the lease is released; its content means nothing.

Leases hold among the processes of one machine, as SQLite itself does.
"""

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.message import START, Position
from shared.store.sqlite.connections import open_for_writing, raises_unavailable

SCHEMA = (Path(__file__).parent / "sql" / "checkpoints.sql").read_text()
LOAD = "select position from checkpoints where name = ?"
SAVE = """insert into checkpoints (name, position) values (?, ?)
          on conflict (name) do update set position = excluded.position where excluded.position > checkpoints.position"""
LEASE_RETRY_DELAY_S = 0.05


class SqliteCheckpoints:
    """Checkpoints in the file `path`, which is created if it does not exist."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.connection = open_for_writing(self.path, SCHEMA)
        self.lock = threading.Lock()  # one thread at a time uses the connection

    def load(self, name: str) -> Position:
        rows = self.execute(LOAD, (name,))
        return int(rows[0][0]) if rows else START

    def save(self, name: str, position: Position) -> None:
        self.execute(SAVE, (name, position))

    def execute(self, statement: str, values: tuple[str | int, ...]) -> list[tuple[int]]:
        with self.lock, raises_unavailable(self.path):
            return self.connection.execute(statement, values).fetchall()

    @contextmanager
    def lease(self, name: str, timeout: float) -> Iterator[bool]:
        with raises_unavailable(self.path):
            file = os.open(self.path.with_name(f"{self.path.name}.{name}.lease"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield lock_file(file, time.monotonic() + timeout)
        finally:
            os.close(file)

    def close(self) -> None:
        with self.lock:
            self.connection.close()


def lock_file(file: int, deadline: float) -> bool:
    """Lock an open file exclusively; return False if others hold the lock until `deadline` (of `time.monotonic`)."""
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(LEASE_RETRY_DELAY_S)
        else:
            return True
