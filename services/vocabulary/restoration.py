"""Where a log was put back to an earlier state: named in one stream, so that whoever reads the log finds it at once."""

from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from shared.message import PREFIX, EventMessage, Position, data_of

STREAM = "log-restorations"
EVENT_TYPE = f"{PREFIX}reporting.LogRestored"


class Restoration(Struct, frozen=True):
    """The log goes on at `position`. What it had recorded between `after` and there is lost."""

    after: Position
    backup: str | None = None
    position: Position = 0


def restorations(events: Iterable[EventMessage]) -> Iterator[Restoration]:
    """From the events of the stream."""
    for event in events:
        if event.type == EVENT_TYPE:
            yield replace(data_of(event, Restoration), position=event.position)
