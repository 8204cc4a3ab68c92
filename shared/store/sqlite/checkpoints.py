"""Positions and leases beside an SQLite log."""

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.message import START, Position
from shared.store.sqlite.connections import created, reachable

SCHEMA = (Path(__file__).parent / "sql" / "checkpoints.sql").read_text()
LOAD = "select position from checkpoints where name = ?"
SAVE = """insert into checkpoints (name, position) values (?, ?)
          on conflict (name) do update set position = excluded.position where excluded.position > checkpoints.position"""
PAUSE = 0.05  # seconds between two attempts to take a lease


class SqliteCheckpoints:
    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.connection = created(self.path, SCHEMA)
        self.lock = threading.Lock()

    def load(self, name: str) -> Position:
        rows = self.run(LOAD, (name,))
        return int(rows[0][0]) if rows else START

    def save(self, name: str, position: Position) -> None:
        self.run(SAVE, (name, position))

    def run(self, statement: str, values: tuple[str | int, ...]) -> list[tuple[int]]:
        with self.lock, reachable(self.path):
            return self.connection.execute(statement, values).fetchall()

    @contextmanager
    def lease(self, name: str, timeout: float) -> Iterator[bool]:
        """A lock on a file of its own: the kernel gives it back when the process dies, however it dies."""
        with reachable(self.path):
            file = os.open(self.path.with_name(f"{self.path.name}.{name}.lease"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield locked(file, time.monotonic() + timeout)
        finally:
            os.close(file)

    def close(self) -> None:
        with self.lock:
            self.connection.close()


def locked(file: int, deadline: float) -> bool:
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(PAUSE)
        else:
            return True
