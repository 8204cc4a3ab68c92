"""Which events of a log are set aside, and why: named in one stream, so that whoever reads the log finds them all at once."""

from collections.abc import Iterable, Iterator
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from shared.message import PREFIX, EventMessage, Position, data_of

STREAM = "facts-set-aside"
EVENT_TYPE = f"{PREFIX}reporting.FactSetAside"
REQUEST_TYPE = f"{PREFIX}reporting.SettingAsideRequested"


class SettingAside(Struct, frozen=True):
    """The event at `position` counts nowhere, from the position `since` on. Two people decided it."""

    position: Position
    reason: str
    requested_by: str
    approved_by: str
    since: Position = 0


class RequestedAside(Struct, frozen=True):
    """Somebody asks that the event at `position` counts nowhere. Until another person approves it, it counts."""

    position: Position
    reason: str
    by: str
    on: date


def requests_aside(events: Iterable[EventMessage]) -> list[RequestedAside]:
    """The requests that nobody has approved yet, the oldest first."""
    waiting: dict[Position, RequestedAside] = {}
    for event in events:
        if event.type == REQUEST_TYPE:
            asked = data_of(event, RequestedAside)
            waiting[asked.position] = asked
        elif event.type == EVENT_TYPE:
            waiting.pop(data_of(event, SettingAside).position, None)
    return list(waiting.values())


def settings_aside(events: Iterable[EventMessage]) -> Iterator[SettingAside]:
    """From the events of the stream."""
    for event in events:
        if event.type == EVENT_TYPE:
            yield replace(data_of(event, SettingAside), since=event.position)
