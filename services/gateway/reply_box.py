"""Replies that wait until their client reads them, in a file when they are many."""

from collections.abc import Iterable, Iterator
from tempfile import SpooledTemporaryFile

from eventlet.event import Event

MAX_IN_MEMORY = 1024 * 1024  # bytes
BLOCK_BYTES = 64 * 1024


class ReplyBox:
    """Replies that are not taken yet."""

    def __init__(self) -> None:
        self.file = SpooledTemporaryFile(MAX_IN_MEMORY)  # noqa: SIM115 - closed by `kept`
        self.written = self.taken = 0
        self.full = False
        self.changed = Event()

    def fill(self, replies: Iterable[bytes]) -> None:
        try:
            for reply in replies:
                self.file.seek(self.written)
                self.written += self.file.write(reply)
                self.wake()
        finally:
            self.full = True
            self.wake()

    def wake(self) -> None:
        if not self.changed.ready():
            self.changed.send()

    def blocks(self) -> Iterator[bytes]:
        while True:
            if self.taken < self.written:
                yield self.take()
            elif self.full:
                return
            else:
                self.changed = Event()
                self.changed.wait()

    def take(self) -> bytes:
        self.file.seek(self.taken)
        block = self.file.read(BLOCK_BYTES)
        self.taken += len(block)
        if self.taken == self.written:
            self.file.seek(0)
            self.file.truncate()
            self.taken = self.written = 0
        return block
