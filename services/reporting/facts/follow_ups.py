"""Follow-ups, 3 and 6 months after an exit: when each is due and what became of it. One row per journey and milestone."""

from datetime import date

from msgspec import Struct

from services.reporting.facts.change import Change, EventContext, FactReader, iso, reader
from services.reporting.facts.tables import Row


class FollowUpEvent(Struct):
    person: str
    rank: int
    milestone: str
    on: date


class FollowUpScheduled(FollowUpEvent):
    due_on: date
    window_end: date


class FollowUpCompleted(FollowUpEvent):
    situation: str
    still_in_outcome: bool


class FollowUpUnreachable(FollowUpEvent):
    attempt: int


def follow_up_change(event: FollowUpEvent, columns: Row) -> list[Change]:
    return [Change("follow_up", (event.person, event.rank, event.milestone), columns)]


def on_scheduled(event: FollowUpScheduled, context: EventContext) -> list[Change]:
    """A later schedule replaces the earlier one, and what cancelled it: its exit counts again."""
    return follow_up_change(event, {"due_on": iso(event.due_on), "window_end": iso(event.window_end), "cancelled_on": None})


def on_cancelled(event: FollowUpEvent, context: EventContext) -> list[Change]:
    return follow_up_change(event, {"cancelled_on": iso(event.on)})


def on_completed(event: FollowUpCompleted, context: EventContext) -> list[Change]:
    columns = {"completed_on": iso(event.on), "situation": event.situation, "still_in_outcome": event.still_in_outcome}
    return follow_up_change(event, columns)


def on_unreachable(event: FollowUpUnreachable, context: EventContext) -> list[Change]:
    return follow_up_change(event, {"attempts": event.attempt})


READERS: dict[str, FactReader] = {
    "coaching.FollowUpScheduled": reader(FollowUpScheduled, on_scheduled, counted_on=lambda scheduled: scheduled.window_end),
    "coaching.FollowUpCancelled": reader(FollowUpEvent, on_cancelled),
    "coaching.FollowUpCompleted": reader(FollowUpCompleted, on_completed),
    "coaching.FollowUpUnreachable": reader(FollowUpUnreachable, on_unreachable),
}
