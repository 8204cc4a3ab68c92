"""What an event says, as changes of fact rows. The readers are pure: an event and where it stands, in; changes, out."""

from collections.abc import Callable
from datetime import date
from typing import Any, NamedTuple, Protocol

import msgspec
from msgspec import Struct

from services.reporting.facts.tables import Key, Row


class Change(Struct, frozen=True, gc=False):
    """The columns that an event gives to one row; the row's other columns stay."""

    table: str
    key: Key
    columns: Row


class EventContext(Protocol):
    """Where an event stands: its position in the log and its territory. The event itself is one."""

    @property
    def position(self) -> int: ...
    @property
    def territory(self) -> str: ...


Say = Callable[[Any, EventContext], list[Change]]


class Reader(NamedTuple):
    decode: Callable[[bytes], Any]
    say: Say


def reader(shape: type[Any], say: Say) -> Reader:
    """A tolerant reader: only the fields of `shape` are read, whatever else the event holds."""
    return Reader(msgspec.json.Decoder(shape).decode, say)


def iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
