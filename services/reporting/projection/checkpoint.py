"""Where the facts stand in the log, and what may come next."""

from collections.abc import Sequence

from msgspec import Struct

from services.reporting.facts.tables import quarter_of
from shared.errors import Fault
from shared.message import PREFIX, START, EventMessage, Position, Recorded
from shared.time import local_date

OWN = f"{PREFIX}reporting."


class Gap(Fault):
    """Events are missing between what was applied and what comes. A projection never skips: it stops and says so."""


class Checkpoint(Struct, frozen=True):
    """The last event that the facts know, and the span of quarters in which something happened."""

    position: Position = START
    recorded: str | None = None
    first_quarter: str | None = None
    last_quarter: str | None = None


def told_by(standing: Checkpoint, found: Sequence[EventMessage]) -> bool:
    """Whether a log is the one that was folded, by the time of recording, in microseconds, of what it holds where the facts stand."""
    return standing.position == START or [event.recordedtime.isoformat() for event in found] == [standing.recorded]


def following(events: Sequence[Recorded], reached: Position) -> list[Recorded]:
    """The events not applied yet, each the next of the one before."""
    fresh = [event for event in events if event.position > reached]
    for event in fresh:
        if event.previous != reached:
            raise Gap(f"{event.kind} at {event.position} follows {event.previous}; the read models stand at {reached}.")
        reached = event.position
    return fresh


def moved(standing: Checkpoint, events: Sequence[Recorded]) -> Checkpoint:
    """After these events, one or more. A decision about a quarter is not of it: it makes its own day no quarter of the programme."""
    times = [event.time for event in events if not event.type.startswith(OWN)]
    known = [quarter for quarter in (standing.first_quarter, standing.last_quarter) if quarter]
    named = known + [quarter_of(local_date(time)) for time in ((min(times), max(times)) if times else ())]
    return Checkpoint(events[-1].position, events[-1].recordedtime.isoformat(), min(named, default=None), max(named, default=None))
