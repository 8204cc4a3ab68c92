"""Read models in a SQLite file that is no readable database any more: they are made from the log, so a new file replaces it.

How it works
------------
`renew_file` deletes the file and what SQLite keeps beside it, under a lock on the folder, and only if a check finds the damage: so of
several processes that met the damage one deletes the file, and none deletes the new one. The write-ahead log goes first: beside a new
file SQLite would take it for that file's own. Connections to the old file are given up when they are next used (`database.py`).
"""

import fcntl
import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from shared.errors import Replaced, Unavailable
from shared.store.sqlite.connections import is_damage

log = logging.getLogger(__name__)

SUFFIXES = ("-wal", "-shm", "-journal", "")  # of the files of a database, in the order in which they are deleted
BUSY_TIMEOUT_S = 30.0


class DamagedReadModels(Replaced):
    """The file of the read models is no readable database."""

    def __init__(self, file: Path, reason: object) -> None:
        super().__init__(
            f"{file}: {reason}. The read models are damaged. "
            "The reporting service makes them again from the log when it starts; or run `parcours rebuild`."
        )
        self.file = file


def renew_file(file: Path) -> None:
    """Delete a file that is damaged; whoever opens it next makes a new one.

    Raises:
        Unavailable: it cannot be read or deleted.
    """
    try:
        with locked(file.parent):
            if is_damaged(file):
                log.warning("%s is damaged and is made again from the log", file)
                for suffix in SUFFIXES:
                    file.with_name(file.name + suffix).unlink(missing_ok=True)
    except (OSError, sqlite3.Error) as fault:
        raise Unavailable(f"{file} is damaged and cannot be replaced: {fault}") from fault


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def check_beginning(file: Path) -> None:
    """Look at the first page of the file: a connection that has its pages in memory would not notice that they are gone.

    A connection of its own reads it. Opening and closing the file in any other way would release every lock that this process
    holds on it: POSIX locks belong to the process, not to the descriptor. Another process could then delete the write-ahead log
    that this one goes on using. See https://www.sqlite.org/howtocorrupt.html, section 2.2.

    Raises:
        DamagedReadModels: it is not the first page of a database.
    """
    try:
        with closing(sqlite3.connect(f"file:{quote(str(file.absolute()))}?mode=rw", uri=True, timeout=BUSY_TIMEOUT_S)) as connection:
            connection.execute("PRAGMA schema_version").fetchone()
    except sqlite3.DatabaseError as fault:
        if is_damage(fault):
            raise DamagedReadModels(file, fault) from fault
        # the next query says what else is wrong


def is_damaged(file: Path) -> bool:
    """Whether a check of every page of the file finds damage."""
    try:
        with closing(sqlite3.connect(file, timeout=BUSY_TIMEOUT_S)) as connection:
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",))
    except sqlite3.DatabaseError as fault:
        if is_damage(fault):
            return True
        raise
