"""What an event changes in the rows of facts, and the readers that work it out.

A reader is pure: it takes the data of one event and its context, and returns changes. It reads no table and no clock.
"""

from collections.abc import Callable
from datetime import date
from typing import Any, NamedTuple, Protocol

import msgspec
from msgspec import Struct

from services.reporting.facts.tables import Key, Row


class Change(Struct, frozen=True, gc=False):
    """The columns that an event sets in one row. All other columns of the row keep their values."""

    table: str
    key: Key
    columns: Row


class EventContext(Protocol):
    """The fields of an event's envelope that readers use: its position in the log and its territory. Every event is one."""

    @property
    def position(self) -> int: ...
    @property
    def territory(self) -> str: ...


ToChanges = Callable[[Any, EventContext], list[Change]]


class FactReader(NamedTuple):
    """How one type of event is read: `decode` turns its JSON data into a struct, `to_changes` the struct into changes.

    `counted_on` gives the day in whose quarter the fact counts, where that may be another day than the event's.
    """

    decode: Callable[[bytes], Any]
    to_changes: ToChanges
    counted_on: Callable[[Any], date] | None = None


def reader(shape: type[Any], to_changes: ToChanges, counted_on: Callable[[Any], date] | None = None) -> FactReader:
    """A tolerant reader: decodes the fields of `shape` and ignores the other fields of the event."""
    return FactReader(msgspec.json.Decoder(shape).decode, to_changes, counted_on)


def iso(day: date | None) -> str | None:
    """A day as the tables store it: ISO text, so that days compare in the same way in every database."""
    return day.isoformat() if day else None
