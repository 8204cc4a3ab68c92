"""Opening SQLite files: new or existing, with the settings that the log relies on, and never one of an earlier version.

Once its connections are open, the log does not come back here (see store.py and writer.py).
"""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from shared.errors import Damaged, Outdated, Unavailable

BUSY_TIMEOUT_S = 30.0  # how long SQLite waits for the lock of another process
BUSY_RETRY_DELAY_S = 0.01  # between attempts, where SQLite itself does not wait
MESSAGE_COLUMN = b"message"  # since the current shape of the table; an earlier one had `body`
DAMAGE = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)
SELECT_COLUMNS = "select name from pragma_table_info('events')"


def open_for_writing(path: Path, schema: str) -> sqlite3.Connection:
    """Open a file, creating it and the tables of `schema` where they are missing.

    Raises:
        Outdated: the file holds a log of an earlier version; it was not changed.
        Damaged: the file is not a database, or not a readable one.
        Unavailable: the file cannot be opened.
    """
    with raises_unavailable(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            refuse_outdated(path)
        connection = connect(path)
        connection.executescript(f"begin immediate;\n{schema}\ncommit;")
        return connection


def connect(path: Path) -> sqlite3.Connection:
    """Open a connection in autocommit mode whose commits are on the disk when they return.

    `synchronous = full` does that. With `normal` commits would be six times faster, and the last ones lost in a power cut.
    """
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    connection.text_factory = bytes
    enable_write_ahead_log(connection)
    connection.execute("pragma synchronous = full")
    return connection


def enable_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Set the journal mode to WAL.

    Two peculiarities of SQLite: it does not wait for its lock here when several processes open a new file, so we retry; and on a file
    system that does not support WAL it raises no error but returns another mode.
    """
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            (mode,) = connection.execute("pragma journal_mode = wal").fetchone()
        except sqlite3.OperationalError as fault:
            if primary_code(fault) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(BUSY_RETRY_DELAY_S)
        else:
            if mode != b"wal":
                raise sqlite3.OperationalError("the log needs a file system that supports SQLite's write-ahead log; this one does not")
            return


def refuse_outdated(path: Path) -> None:
    """Raise Outdated if the file holds a log of an earlier version, without changing the file.

    A writable connection would copy a leftover write-ahead log into the file when it closes, so the file is opened read-only where
    there is one. Without one it is opened writable, because SQLite cannot read a WAL database read-only then.
    """
    mode = "ro" if file_size(path.with_name(f"{path.name}-wal")) else "rw"
    address = f"file:{quote(str(path.absolute()))}?mode={mode}"
    with closing(sqlite3.connect(address, uri=True, timeout=BUSY_TIMEOUT_S)) as connection:
        connection.text_factory = bytes
        columns = connection.execute(SELECT_COLUMNS).fetchall()
    if columns and (MESSAGE_COLUMN,) not in columns:
        raise Outdated(str(path))


def look_at(path: Path) -> None:
    """Look at a file that exists, without changing it.

    Raises:
        Outdated, Damaged, Unavailable: as `open_for_writing` does.
    """
    with raises_unavailable(path):
        refuse_outdated(path)


def file_size(path: Path) -> int:
    """Return the size of a file in bytes, 0 if it is missing: the last connection to a log deletes its WAL file when it closes."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


@contextmanager
def raises_unavailable(path: Path) -> Iterator[None]:
    """Raise Unavailable for errors of the file (see `is_unavailable`); other errors are bugs of ours and pass through."""
    try:
        yield
    except (sqlite3.DatabaseError, OSError) as fault:
        if is_unavailable(fault):
            raise unavailable(path, fault) from fault
        raise


def unavailable(path: Path, fault: sqlite3.DatabaseError | OSError) -> Unavailable:
    """The Unavailable for an error of the file; Damaged if no waiting mends it."""
    if is_damage(fault):
        return Damaged(f"{path}: {fault}. The file is damaged and is left as it is: restore it from a copy (docs/how-to/operate.md).")
    why = "" if os.access(path.parent, os.W_OK) else f" ({path.parent} cannot be written, which SQLite needs to read the file too)"
    return Unavailable(f"{path}: {fault}{why}")


def is_damage(fault: BaseException) -> bool:
    """Whether an error means that the file is not a database, or not a readable one."""
    return isinstance(fault, sqlite3.Error) and primary_code(fault) in DAMAGE


def is_unavailable(fault: sqlite3.DatabaseError | OSError) -> bool:
    """Whether an error means that the file cannot be read or written, or is not a database."""
    return isinstance(fault, sqlite3.OperationalError | OSError) or is_damage(fault)


def primary_code(fault: sqlite3.Error) -> int:
    """Return SQLite's primary result code: the low byte of the extended code. 0 if the error did not come from SQLite itself."""
    return getattr(fault, "sqlite_errorcode", 0) & 0xFF
