"""Leases among the processes of one machine, beside an SQLite file.

How it works
------------
A lease is an exclusive `flock` on a file of its own, `FILE.NAME.lease`. The kernel releases it when the process closes the file or dies, in
whatever way it dies.

A holder that is frozen keeps its lock. So the holder writes the time into the file at each beat, by the clock that all processes of the
machine share (`time.monotonic`), and a file whose time is older than LEASE_S may be replaced: by another one, locked before it gets the
name. The frozen holder keeps a lock on a file that has no name any more, which is how it finds out.

Who takes or replaces a file does so in a transaction of SQLite, in which it looks once more and counts the token up. So of several only one
succeeds, and tokens rise in the order of the holders.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from shared.store.lease import LEASE_S, Lease, lost
from shared.store.port import Held
from shared.store.sqlite.connections import raises_unavailable

RETRY_DELAY_S = 0.05
FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
MODE = 0o600
TIME_SIZE = 20  # bytes of a time in a file


class FileLease(Lease):
    """Also false as soon as another process has replaced the file."""

    def __init__(self, name: str, token: int, file: int) -> None:
        super().__init__(name, token, self.write, time.monotonic())
        self.file = file
        write_time(file)

    def write(self) -> None:
        if not has_name(self.file):
            raise lost(self.name)
        with raises_unavailable(Path(self.name)):
            write_time(self.file)

    def __bool__(self) -> bool:
        return super().__bool__() and has_name(self.file)


class Tokens(Protocol):
    """The tokens of leases, in the SQLite file."""

    def transaction(self) -> AbstractContextManager[object]:
        """A block that no other process is in at the same time."""

    def count_up(self, name: str) -> int:
        """Count up the token of a lease and return it. Called in a transaction."""


@contextmanager
def lease(path: Path, name: str, timeout: float, tokens: Tokens) -> Iterator[Held]:
    """The lease `name` whose file is `path`."""
    held = wait_for(path, name, time.monotonic() + timeout, tokens)
    if held is None:
        yield False
        return
    held.start()
    try:
        yield held
    finally:
        held.end()
        os.close(held.file)


def wait_for(path: Path, name: str, deadline: float, tokens: Tokens) -> FileLease | None:
    while (held := take(path, name, tokens)) is None:
        if time.monotonic() >= deadline:
            return None
        time.sleep(RETRY_DELAY_S)
    return held


def take(path: Path, name: str, tokens: Tokens) -> FileLease | None:
    with raises_unavailable(path), opened(path) as file:
        if not (is_locked(file) or is_overdue(file)):
            return None
        with tokens.transaction():
            if not has_name(file):  # another process was faster
                return None
            if is_locked(file):
                return FileLease(name, tokens.count_up(name), os.dup(file))
            return FileLease(name, tokens.count_up(name), replace(path)) if is_overdue(file) else None


@contextmanager
def opened(path: Path) -> Iterator[int]:
    file = os.open(path, FLAGS, MODE)
    try:
        yield file
    finally:
        os.close(file)


def replace(path: Path) -> int:
    """Another file at `path`, open and locked before it is there."""
    new = path.with_name(f"{path.name}.{os.getpid()}")
    file = os.open(new, FLAGS, MODE)
    fcntl.flock(file, fcntl.LOCK_EX)
    new.replace(path)
    return file


def is_locked(file: int) -> bool:
    """Lock an open file, unless another process has locked it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_overdue(file: int) -> bool:
    """Whether a file holds a time, and an old one."""
    text = os.pread(file, TIME_SIZE, 0)
    return len(text) == TIME_SIZE and float(text) + LEASE_S < time.monotonic()


def write_time(file: int) -> None:
    os.pwrite(file, b"%020.6f" % time.monotonic(), 0)


def has_name(file: int) -> bool:
    return os.fstat(file).st_nlink > 0
