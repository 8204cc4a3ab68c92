"""What the two processes of a rebuild tell each other (`second_process`): the length of a message in bytes, then MessagePack."""

from collections.abc import Sequence
from typing import IO

from msgspec import Struct

from services.reporting.facts.fold import EventChanges

LENGTH_BYTES = 8


class Beginning(Struct, tag=True):
    """The first message: where the tables are that are rebuilt. It holds a password, which only the pipe sees."""

    address: str
    schema: str | None


class Page(Struct, tag=True):
    """Events of a batch, in order. `empty` if nothing is stored that they could change."""

    events: Sequence[EventChanges]
    empty: bool


class BatchEnd(Struct, tag=True):
    """Asks for what was folded since the last one."""


Message = Beginning | Page | BatchEnd


def write_message(end: IO[bytes], message: bytes) -> None:
    end.write(len(message).to_bytes(LENGTH_BYTES, "big"))
    end.write(message)
    end.flush()


def read_message(end: IO[bytes]) -> bytes | None:
    """The next message; None when the other process has ended."""
    head = end.read(LENGTH_BYTES)
    message = end.read(int.from_bytes(head, "big")) if len(head) == LENGTH_BYTES else b""
    return message or None
