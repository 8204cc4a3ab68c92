"""A line of a request, and the lines that are handed over to a service together."""

from typing import Any

import msgspec

from shared.reply import Reply
from shared.trust.access import Identity

MAX_LINES_PER_CALL = 512
MAX_BYTES_PER_CALL = 1024 * 1024

Route = tuple[str, Identity | None]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a request: who asks which service under which key, or the reply that it has without any.

    `names` are the persons and things that it is about; `apart` says that there is no person among them.
    """

    number: int
    id: Any
    text: str = ""
    reply: Reply | None = None
    service: str = ""
    speaker: Identity | None = None
    key: str = ""
    asked: bytes = b""
    names: tuple[str, ...] = ()
    apart: bool = False

    @property
    def route(self) -> Route:
        return self.service, self.speaker


class Call:
    """Lines that are handed over together, in their order: no id twice, so that what a key is used for is known when it comes again."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.keys: set[str] = set()
        self.size = 0

    def takes(self, line: Line) -> bool:
        """Add the line, if there is room for it."""
        size = self.size + len(line.text)
        if self.lines and (len(self.lines) == MAX_LINES_PER_CALL or size > MAX_BYTES_PER_CALL or line.key in self.keys):
            return False
        self.lines.append(line)
        self.keys |= {line.key} - {""}
        self.size = size
        return True
