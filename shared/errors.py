"""What can go wrong, as one tree.

Fault
├── Refused        the rules do not allow it: say why, change nothing
├── Invalid        the input cannot be read: every fault is listed at once
├── Forbidden      this actor may not do this here
├── Conflict       another writer was first: load again, decide again
├── TooLarge       an event, or a name, over the documented limit
├── Unrecordable   an event that no reader could read again, or a name that not every log can hold
├── Outdated       a log in the shape of an earlier version: this one neither reads nor changes it
├── UnknownPosition    a position that no event of this log has
└── Unavailable    a server is away: what became of an append is unknown, and the same command id may be sent again
    └── Replaced   what was kept up was made anew by somebody else: begin again from where it now is
"""

from collections.abc import Mapping
from typing import Any


class Fault(Exception):
    """Any failure that this system names itself."""


class Refused(Fault):
    """A command that the rules do not allow. `code` is stable and translated; `why` is for people."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code
        self.why = why


class Invalid(Fault):
    """Untrusted input that cannot become a command. `faults` maps each field (dotted path) to its messages."""

    def __init__(self, faults: Mapping[str, list[str]]) -> None:
        super().__init__("; ".join(f"{field}: {' '.join(said)}" for field, said in faults.items()))
        self.faults: dict[str, list[str]] = dict(faults)


class Forbidden(Fault):
    """An actor who may not do this action in this territory."""


class Conflict(Fault):
    """The stream is not at the version that the writer expected."""

    def __init__(self, stream: str, expected: int, actual: int) -> None:
        super().__init__(f"{stream} is at version {actual}, not {expected}")
        self.stream = stream
        self.expected = expected
        self.actual = actual


class TooLarge(Fault):
    """An event whose encoded body, or a name, is over the limit of the log."""


class Unrecordable(Fault):
    """What no log takes, so that every log can be read to its end. The writer is mistaken: sent again, it is refused again."""


class UnknownPosition(Fault):
    """A position that no event of this log has: it is another log's, or this one was put back to an earlier day."""

    def __init__(self, position: int) -> None:
        super().__init__(f"no event of this log is at position {position}: is it another log's?")
        self.position = position


class Outdated(Fault):
    """A log that an earlier version wrote. `place` says where it is."""

    def __init__(self, place: str) -> None:
        super().__init__(f"{place} holds a log in the shape of an earlier version: write it out with that version, and load it here.")


class Unavailable(Fault):
    """The log, the read models or the broker cannot be reached now."""


class Replaced(Unavailable):
    """Not for who waits: it passes when whoever keeps it up begins anew."""


def flattened(messages: Mapping[Any, Any] | list[Any], path: str = "") -> dict[str, list[str]]:
    """Turn nested validation messages into one flat map, dotted path -> messages; `_` is the whole input."""
    if isinstance(messages, list):
        return {path or "_": [str(message) for message in messages]}
    faults: dict[str, list[str]] = {}
    for key, inner in messages.items():
        faults |= flattened(inner, ".".join(part for part in (path, "" if key == "_schema" else str(key)) if part))
    return faults
