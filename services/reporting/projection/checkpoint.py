"""The checkpoint of the read models: the last event applied, and which events may follow it."""

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from services.vocabulary.calendar import local_date, quarter_of
from shared.coverage import applied, resumed
from shared.errors import Fault
from shared.message import PREFIX, START, EventMessage, Position, Recorded

REPORTING_EVENTS = f"{PREFIX}reporting."  # the types of this service's own events


class EventGap(Fault):
    """Events are missing between the checkpoint and the events given. A projection never skips events: it stops."""


class Checkpoint(Struct, frozen=True):
    """The last event applied (`recorded` is its time of recording, ISO), and the first and last quarter with a fact.

    The balances are kept as a subtotal when `subtotal_in` more entries are written. `coverage` says which events were applied
    (`shared.coverage`); empty if none was.
    """

    position: Position = START
    recorded: str | None = None
    first_quarter: str | None = None
    last_quarter: str | None = None
    subtotal_in: int = 0
    coverage: str = ""


def belongs_to_log(checkpoint: Checkpoint, events_at_checkpoint: Sequence[EventMessage]) -> bool:
    """Whether a log is the one that was folded: its event at our checkpoint has the recording time that we stored.

    `events_at_checkpoint` is what the log holds at the position of the checkpoint. Times of recording have microseconds, so two
    logs agree by accident only if one is loaded with the times of the other.
    """
    return checkpoint.position == START or [event.recordedtime.isoformat() for event in events_at_checkpoint] == [checkpoint.recorded]


def events_after(position: Position, events: Sequence[Recorded]) -> list[Recorded]:
    """The events after a position; those at or before it were applied already and are left out.

    Raises:
        EventGap: an event does not follow the one before it, by the `previous` of its envelope.
    """
    new = [event for event in events if event.position > position]
    for event in new:
        if event.previous != position:
            raise EventGap(f"{event.kind} at {event.position} follows {event.previous}; the read models are at {position}.")
        position = event.position
    return new


def advance(checkpoint: Checkpoint, events: Sequence[Recorded]) -> Checkpoint:
    """The checkpoint after these events, one or more.

    A decision of this service (a target, a release) does not widen the span of quarters: its own day is not activity of the programme.
    """
    times = [event.time for event in events if not event.type.startswith(REPORTING_EVENTS)]
    known = [quarter for quarter in (checkpoint.first_quarter, checkpoint.last_quarter) if quarter]
    quarters = known + [quarter_of(local_date(time)) for time in ((min(times), max(times)) if times else ())]
    last = events[-1]
    span = {"first_quarter": min(quarters, default=None), "last_quarter": max(quarters, default=None)}
    return replace(checkpoint, position=last.position, recorded=last.recordedtime.isoformat(), **span)


def covered(checkpoint: Checkpoint, events: Sequence[Recorded], folded: Sequence[Position]) -> str:
    """The coverage after these events, when those at the positions `folded` have changed rows, or could have."""
    return applied(resumed(checkpoint.coverage, checkpoint.position), events, folded).text()


def widened(checkpoint: Checkpoint, events: Sequence[Recorded]) -> Iterator[tuple[Position, str | None, str | None]]:
    """Of these events after a checkpoint, those that widen the span of quarters: position, first and last quarter from it on."""
    after = advance(checkpoint, events)
    span = after.first_quarter, after.last_quarter
    if span == (checkpoint.first_quarter, checkpoint.last_quarter):
        return
    if len(events) == 1:
        yield after.position, *span
        return
    middle = len(events) // 2  # a look at each event would take longer: few widen it
    yield from widened(checkpoint, events[:middle])
    yield from widened(advance(checkpoint, events[:middle]), events[middle:])
