"""Connections to the file of a log."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.errors import Unavailable

BUSY = 30.0  # seconds that a writer of another process is waited for
MAPPED = 2**31  # bytes of the file that are read where the system keeps them; what lies behind is copied, as it is without


def connect(path: Path, schema: str = "") -> sqlite3.Connection:
    """FULL: a commit is on the disk when it returns. NORMAL would be six times faster and lose the last commits at a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=BUSY, isolation_level=None, check_same_thread=False)
    connection.text_factory = bytes
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    if schema:
        connection.executescript(f"begin immediate;\n{schema}\ncommit;")
    return connection


class Readers:
    """A connection of its own for each read under way; idle ones wait to be used again.

    Why some are `mapped`. The events of one life lie far apart, and each is a page of the file. A connection keeps few pages, and after
    each commit of another it keeps none; so every page is copied again from the system, which has it in memory already. A mapped file
    is read where it lies. It has a price: a page that the disk cannot give ends the process, as there is no call that could fail. What
    is read in order is not worth it: it would only count the whole log to this process's memory.
    """

    def __init__(self, path: Path, *, mapped: bool = False) -> None:
        self.path = path
        self.mapped = mapped
        self.idle: list[sqlite3.Connection] = []

    @contextmanager
    def reader(self) -> Iterator[sqlite3.Connection]:
        with reachable(self.path):
            try:
                reader = self.idle.pop()
            except IndexError:
                reader = self.opened()
            try:
                yield reader
            except BaseException:
                reader.close()
                raise
        self.idle.append(reader)

    def opened(self) -> sqlite3.Connection:
        connection = connect(self.path)
        if self.mapped:
            connection.execute(f"pragma mmap_size = {MAPPED}")
        return connection

    def close(self) -> None:
        while self.idle:
            self.idle.pop().close()


@contextmanager
def reachable(path: Path) -> Iterator[None]:
    """A file that cannot be read or written is Unavailable."""
    try:
        yield
    except sqlite3.OperationalError as fault:
        raise Unavailable(f"{path.name}: {fault}") from fault
