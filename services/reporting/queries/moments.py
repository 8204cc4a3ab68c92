"""A moment of the past, as a reader names it: a position of the log, a day or a time of recording."""

from datetime import date, datetime, timedelta

from msgspec import Struct

from services.vocabulary.calendar import ZONE, end_of_day
from shared.errors import Refused, UnknownPosition
from shared.message import START, Position
from shared.store.port import EventStore
from shared.time import now

MAX_DIGITS = 18  # of a position
INSTANT = timedelta(microseconds=1)  # between two times of recording


class Moment(Struct, frozen=True):
    """The log up to the event at `position`, which was recorded at `recorded` (ISO), as it stood until the instant `until`."""

    position: Position
    recorded: str | None
    until: datetime


def moment_of(store: EventStore, text: str, *, hide_head: bool = False) -> Moment:
    """The moment of a position (`1207`), of the end of a day (`2024-03-31`) or of an instant (`2024-03-31T12:00:00+02:00`).

    No moment is later than now. With `hide_head` a position that the log does not have is now: the reader is not told how far it goes.

    Raises:
        UnknownPosition: the log ends before it.
        Refused: it is none of these (`moment_unreadable`).
    """
    if text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS:
        return moment_at(store, int(text), hide_head=hide_head)
    until = min(instant(text), now())
    position = store.position_at(until)
    return Moment(position, recorded_at(store, position), until)


def moment_at(store: EventStore, position: Position, *, hide_head: bool) -> Moment:
    """The moment of a position: until the next event was recorded. Between two events it is that of the first."""
    head = store.head()
    if position > head and not hide_head:
        raise UnknownPosition(position)
    following = store.read_all(position, 1) if position < head else []
    if not following:
        return Moment(head, recorded_at(store, head), now())
    (event,) = following
    before = event.previous or START
    return Moment(before, recorded_at(store, before), event.recordedtime - INSTANT)


def instant(text: str) -> datetime:
    try:
        if len(text) == len("2024-03-31"):
            return end_of_day(date.fromisoformat(text))
        found = datetime.fromisoformat(text)
    except ValueError as fault:
        raise Refused("moment_unreadable", moment=text[:40]) from fault
    return found if found.tzinfo else found.replace(tzinfo=ZONE)


def recorded_at(store: EventStore, position: Position) -> str | None:
    found = store.read_at([position]) if position != START else ()
    return next((event.recordedtime.isoformat() for event in found), None)
