"""The body of a request, and one that is compressed with gzip."""

import zlib
from typing import Protocol

BLOCK_BYTES = 64 * 1024  # of what is decompressed at once
GZIP_WINDOW = 31  # zlib's word for a stream with the header of gzip


class Lines(Protocol):
    def readline(self, size: int, /) -> bytes: ...


class Body(Lines, Protocol):
    def read(self, size: int, /) -> bytes: ...


class Decompressed:
    """A gzip stream, decompressed as it is read and never more than a block ahead."""

    def __init__(self, source: Body) -> None:
        self.source = source
        self.stream = zlib.decompressobj(GZIP_WINDOW)
        self.ready = b""

    def readline(self, size: int, /) -> bytes:
        """As the method of a file.

        Raises:
            EOFError: the stream ends too early.
            ValueError: it is not gzip.
        """
        while (end := self.ready.find(b"\n", 0, size)) < 0 and len(self.ready) < size and (block := self.block()):
            self.ready += block
        cut = size if end < 0 else end + 1
        line, self.ready = self.ready[:cut], self.ready[cut:]
        return line

    def block(self) -> bytes:
        """Some more bytes; none at the end."""
        while True:
            compressed = self.stream.unused_data if self.stream.eof else self.stream.unconsumed_tail
            compressed = compressed or self.source.read(BLOCK_BYTES)
            if self.stream.eof:
                if not compressed:
                    return b""
                self.stream = zlib.decompressobj(GZIP_WINDOW)  # gzip streams may follow each other
            try:
                block = self.stream.decompress(compressed, BLOCK_BYTES)
            except zlib.error as fault:
                raise ValueError("not gzip") from fault
            if block:
                return block
            if not compressed and not self.stream.eof:
                raise EOFError
