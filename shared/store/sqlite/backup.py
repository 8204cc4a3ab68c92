"""A copy of a log in a file of its own: whole or not at all, and never in the place of another's."""

import errno
import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from shared.store.sqlite.connections import ReaderPool, reachable

BESIDE = ("", "-journal", "-wal", "-shm")  # what SQLite may have left of a copy that failed


def copy(log: ReaderPool, path: Path) -> None:
    if os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    file, name = tempfile.mkstemp(".part", f".{path.name}.", path.parent)
    os.close(file)
    try:
        with log.reader() as reader, reachable(path), closing(sqlite3.connect(name)) as part:
            reader.backup(part)
        shutil.copymode(log.path, name)
        place(name, path)
    finally:
        for beside in BESIDE:
            Path(name + beside).unlink(missing_ok=True)


def place(part: str, path: Path) -> None:
    """A link takes nobody's place. Where there are none, as on FAT, an empty file takes the place first, and is then written over."""
    try:
        os.link(part, path)
    except OSError:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        try:
            os.replace(part, path)
        except BaseException:
            path.unlink()
            raise
