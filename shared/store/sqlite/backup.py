"""Copying a log to a new file: completely or not at all, and never over an existing file.

How it works
------------
SQLite's backup interface copies the log as of one commit, while others read and write it. The copy is written to a temporary file
with a unique name in the target's folder, and gets the target's name only when it is complete.

A hard link gives it that name: unlike a rename, it fails if the name is taken. On file systems without hard links (FAT), an empty
file is created first, which also fails if the name is taken, and is then replaced by the copy.
"""

import errno
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path

from shared.store.sqlite.connections import raises_unavailable

TEMPORARY_SUFFIXES = ("", "-journal", "-wal", "-shm")  # the copy, and the files that SQLite may leave beside one that failed


def copy_log(open_reader: Callable[[], AbstractContextManager[sqlite3.Connection]], source: Path, target: Path) -> None:
    """Copy the log of `source`, through a connection that `open_reader` lends, to the new file `target`.

    Raises:
        FileExistsError: something has that name already; nothing was read.
        Unavailable: the log cannot be read, or the copy cannot be written.
    """
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    file, temporary = tempfile.mkstemp(".part", f".{target.name}.", target.parent)
    os.close(file)
    try:
        with open_reader() as reader, raises_unavailable(target), closing(sqlite3.connect(temporary)) as copy:
            reader.backup(copy)
        shutil.copymode(source, temporary)
        move_without_overwriting(temporary, target)
    finally:
        for suffix in TEMPORARY_SUFFIXES:
            Path(temporary + suffix).unlink(missing_ok=True)


def move_without_overwriting(temporary: str, target: Path) -> None:
    """Give the temporary file its final name. Raises FileExistsError if the name is taken. A hard link leaves the old name as well."""
    try:
        os.link(temporary, target)
    except OSError:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        try:
            os.replace(temporary, target)
        except BaseException:
            target.unlink()
            raise
