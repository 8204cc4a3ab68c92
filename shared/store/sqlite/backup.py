"""A copy of a log in a new file: whole or not at all, and never over an existing file."""

import errno
import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from shared.store.sqlite.connections import connect, translating_errors

LEFTOVER_SUFFIXES = ("", "-journal", "-wal", "-shm")  # files that SQLite may leave of a copy that failed


def copy(source: Path, path: Path) -> None:
    """Copy the database at `source` to `path`, through a temporary file beside it.

    Raises:
        FileExistsError: there is a file at `path`.
        Unavailable: there is no room, or the source cannot be read.
    """
    if os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    file, temporary = tempfile.mkstemp(".part", f".{path.name}.", path.parent)
    os.close(file)
    try:
        with (
            translating_errors(source),
            closing(connect(source)) as log,
            translating_errors(path),
            closing(sqlite3.connect(temporary)) as part,
        ):
            log.backup(part)
        shutil.copymode(source, temporary)
        publish(temporary, path)
    finally:
        for suffix in LEFTOVER_SUFFIXES:
            Path(temporary + suffix).unlink(missing_ok=True)


def publish(temporary: str, path: Path) -> None:
    """Give the finished copy its name.

    A link fails if the name is taken. Where the file system has no links (FAT), an empty file is created exclusively first and then
    replaced.
    """
    try:
        os.link(temporary, path)
    except OSError:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        try:
            os.replace(temporary, path)
        except BaseException:
            path.unlink()
            raise
