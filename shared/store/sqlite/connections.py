"""Connections to the file of a log."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from shared.errors import Outdated, Unavailable

BUSY = 30.0  # seconds that a writer of another process is waited for
PAUSE = 0.01  # seconds between two attempts where SQLite itself does not wait
MAPPED = 2**31  # bytes of the file that are read where the system keeps them; what lies behind is copied, as it is without
MESSAGE = b"message"
COLUMNS = "select name from pragma_table_info('events')"


def created(path: Path, schema: str) -> sqlite3.Connection:
    """The writer's connection, to a file that may be new. A log of an earlier shape is not touched: Outdated."""
    with reachable(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            refuse_earlier(path)
        connection = connect(path)
        connection.executescript(f"begin immediate;\n{schema}\ncommit;")
        return connection


def connect(path: Path) -> sqlite3.Connection:
    """FULL: a commit is on the disk when it returns. NORMAL would be six times faster and lose the last commits at a power cut."""
    connection = sqlite3.connect(path, timeout=BUSY, isolation_level=None, check_same_thread=False)
    connection.text_factory = bytes
    write_ahead(connection)
    connection.execute("pragma synchronous = full")
    return connection


def write_ahead(connection: sqlite3.Connection) -> None:
    """SQLite does not wait for the others who open a new file at the same moment; and where it cannot, it answers with another mode."""
    deadline = time.monotonic() + BUSY
    while True:
        try:
            (mode,) = connection.execute("pragma journal_mode = wal").fetchone()
        except sqlite3.OperationalError as fault:
            if kind(fault) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(PAUSE)
        else:
            if mode != b"wal":
                raise sqlite3.OperationalError("a log needs a file system that can keep a write-ahead log, and this one cannot")
            return


def refuse_earlier(path: Path) -> None:
    """Looks without a trace: who may write would put what stands beside the file into it when it closes."""
    mode = "ro" if size(path.with_name(f"{path.name}-wal")) else "rw"
    with closing(sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode={mode}", uri=True, timeout=BUSY)) as connection:
        connection.text_factory = bytes
        columns = connection.execute(COLUMNS).fetchall()
    if columns and (MESSAGE,) not in columns:
        raise Outdated(str(path))


def size(path: Path) -> int:
    """What stands beside a log goes when its last reader closes it: at any moment."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


class ReaderPool:
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
    """A file that cannot be read or written, or that is no database, is Unavailable. Other faults of SQLite are ours, and stay."""
    try:
        yield
    except (sqlite3.DatabaseError, OSError) as fault:
        if isinstance(fault, sqlite3.OperationalError | OSError) or kind(fault) in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            raise Unavailable(f"{path.name}: {fault}") from fault
        raise


def kind(fault: sqlite3.Error) -> int:
    """The code of SQLite without what it adds to it."""
    return getattr(fault, "sqlite_errorcode", 0) & 0xFF
