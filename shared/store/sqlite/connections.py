"""Opening the file of a log, and telling an unavailable file from a defect of ours."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from shared.errors import Outdated, Unavailable

WRITE_LOCK_TIMEOUT_S = 30.0  # for a writer of another process
RETRY_INTERVAL_S = 0.01  # where SQLite itself does not wait
MESSAGE_COLUMN = b"message"
COLUMNS = "select name from pragma_table_info('events')"


def open_log(path: Path, schema: str) -> sqlite3.Connection:
    """A connection for writing to a file that may be new.

    Raises:
        Outdated: the file holds a log of an earlier shape; it is left as it is.
        Unavailable: the file cannot be opened.
    """
    with translating_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            check_shape(path)
        connection = connect(path)
        connection.executescript(f"begin immediate;\n{schema}\ncommit;")
        return connection


def connect(path: Path) -> sqlite3.Connection:
    """A connection with `synchronous=FULL`: a commit is on the disk when it returns.

    NORMAL would be six times faster, and lose the last commits at a power cut.
    """
    connection = sqlite3.connect(path, timeout=WRITE_LOCK_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    connection.text_factory = bytes
    use_write_ahead_log(connection)
    connection.execute("pragma synchronous = full")
    return connection


def use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch to WAL. SQLite does not wait for other processes that open a new file at the same moment, so this does."""
    deadline = time.monotonic() + WRITE_LOCK_TIMEOUT_S
    while True:
        try:
            (mode,) = connection.execute("pragma journal_mode = wal").fetchone()
        except sqlite3.OperationalError as fault:
            if primary_code(fault) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(RETRY_INTERVAL_S)
        else:
            if mode != b"wal":
                raise sqlite3.OperationalError("a log needs a file system that supports a write-ahead log, and this one does not")
            return


def check_shape(path: Path) -> None:
    """Raise Outdated for a log of an earlier shape, without changing anything.

    Opened read-only if there is a WAL: a writable connection would checkpoint it when it closes.
    """
    mode = "ro" if file_size(path.with_name(f"{path.name}-wal")) else "rw"
    address = f"file:{quote(str(path.absolute()))}?mode={mode}"
    with closing(sqlite3.connect(address, uri=True, timeout=WRITE_LOCK_TIMEOUT_S)) as connection:
        connection.text_factory = bytes
        columns = connection.execute(COLUMNS).fetchall()
    if columns and (MESSAGE_COLUMN,) not in columns:
        raise Outdated(str(path))


def file_size(path: Path) -> int:
    """0 if there is no such file: the last reader of a log may delete its WAL at any moment."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


@contextmanager
def translating_errors(path: Path) -> Iterator[None]:
    """Raise Unavailable for a file that cannot be read or written, or is no database. Other errors of SQLite are defects and stay."""
    try:
        yield
    except (sqlite3.DatabaseError, OSError) as fault:
        if error := unavailable_error(path, fault):
            raise error from fault
        raise


def unavailable_error(path: Path, fault: sqlite3.DatabaseError | OSError) -> Unavailable | None:
    """The Unavailable that stands for an error, or None if the error is a defect."""
    if isinstance(fault, sqlite3.OperationalError | OSError) or primary_code(fault) in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return Unavailable(f"{path.name}: {fault}")
    return None


def primary_code(fault: sqlite3.Error) -> int:
    """SQLite's primary result code, without the extension in its higher bits."""
    return getattr(fault, "sqlite_errorcode", 0) & 0xFF


def sortable(moment: datetime) -> bytes:
    """An instant as it is stored: in UTC and of one length, so that texts sort as times do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").encode()
