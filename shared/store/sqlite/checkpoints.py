"""Checkpoints and leases beside an SQLite log.

A lease is an exclusive lock on a file of its own. The kernel releases it when the process ends, however it ends, so a lease on one
machine is never lost while its holder lives: `held` stays true until the end of the block.
"""

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.message import START, Position
from shared.store.sqlite.connections import open_log, translating_errors

SCHEMA = (Path(__file__).parent / "sql" / "checkpoints.sql").read_text()
LOAD = "select position from checkpoints where name = ?"
SAVE = """insert into checkpoints (name, position) values (?, ?)
          on conflict (name) do update set position = excluded.position where excluded.position > checkpoints.position"""
LEASE_RETRY_INTERVAL_S = 0.05


class SqliteCheckpoints:
    """`Checkpoints` in the file of a log, or in a file of their own."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.connection = open_log(self.path, SCHEMA)
        self.lock = threading.Lock()

    def load(self, name: str) -> Position:
        rows = self.execute(LOAD, (name,))
        return int(rows[0][0]) if rows else START

    def save(self, name: str, position: Position) -> None:
        self.execute(SAVE, (name, position))

    def execute(self, statement: str, values: tuple[str | int, ...]) -> list[tuple[int]]:
        with self.lock, translating_errors(self.path):
            return self.connection.execute(statement, values).fetchall()

    @contextmanager
    def lease(self, name: str, timeout: float) -> Iterator[bool]:
        with translating_errors(self.path):
            file = os.open(self.path.with_name(f"{self.path.name}.{name}.lease"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield lock(file, time.monotonic() + timeout)
        finally:
            os.close(file)

    def close(self) -> None:
        with self.lock:
            self.connection.close()


def lock(file: int, deadline: float) -> bool:
    """Lock a file, waiting until `deadline` (monotonic clock); False if another process still holds it then."""
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(LEASE_RETRY_INTERVAL_S)
        else:
            return True
