"""News of a person 3 and 6 months after the exit: whether they are still where the journey led them (invariant 5 of the domain).

Part of the aggregate of journey.py and of its stream `journey-<person>`.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from services.coaching.coded_values import FollowUpChannel, Milestone, Situation
from services.coaching.exits import Exit
from services.vocabulary.calendar import add_months
from services.vocabulary.fields import Id, PastDay, Rank
from shared.command_fields import FactDate
from shared.errors import Refused
from shared.trust.personal.marks import Identifier

MONTHS_AFTER_EXIT: Mapping[Milestone, int] = {Milestone.M3: 3, Milestone.M6: 6}
WINDOW = timedelta(days=30)  # after the due date; then the follow-up counts as due, whether the person was reached or not
MAX_EARLINESS = timedelta(days=15)  # before the due date; earlier news does not answer that milestone

# Events: what happened -----------------------------------------------------------------------------------------------


class FollowUpScheduled(Struct, frozen=True, tag=True, kw_only=True):
    """Due a number of calendar months after the exit, clamped to the month's end.

    A later one of the same rank and milestone replaces the earlier: the exit was corrected, or counts again.
    """

    person: Identifier
    rank: int
    milestone: Milestone
    due_on: date
    window_end: date
    on: date


class FollowUpCompleted(Struct, frozen=True, tag=True, kw_only=True):
    """The person was reached and told their situation."""

    person: Identifier
    rank: int
    milestone: Milestone
    situation: Situation
    still_in_outcome: bool
    channel: FollowUpChannel
    on: date


class FollowUpUnreachable(Struct, frozen=True, tag=True, kw_only=True):
    """One attempt, counted from 1, that did not reach the person. The follow-up stays pending."""

    person: Identifier
    rank: int
    milestone: Milestone
    attempt: int
    on: date


class FollowUpCancelled(Struct, frozen=True, tag=True, kw_only=True):
    """None is needed: a renewal opened before it was due, or the exit is neutralised."""

    person: Identifier
    rank: int
    milestone: Milestone
    on: date


Event = FollowUpScheduled | FollowUpCompleted | FollowUpUnreachable | FollowUpCancelled

# State: what is true -------------------------------------------------------------------------------------------------


class Pending(Struct, frozen=True):
    """Still to be done, after this number of attempts that did not reach the person, the last one on a day."""

    due_on: date
    attempts: int = 0
    tried_on: date = date.min


class Completed(Struct, frozen=True):
    """The person was reached."""


class Cancelled(Struct, frozen=True):
    """None is needed."""


FollowUp = Pending | Completed | Cancelled
FollowUps = Mapping[Milestone, FollowUp]  # those of one rank


def evolve(follow_ups: FollowUps, event: Event) -> FollowUps:
    return {**follow_ups, event.milestone: next_state(follow_ups.get(event.milestone), event)}


def next_state(before: FollowUp | None, event: Event) -> FollowUp:
    match event:
        case FollowUpScheduled(due_on=due_on):
            return replace(before, due_on=due_on) if isinstance(before, Pending) else Pending(due_on)
        case FollowUpUnreachable(attempt=attempt, on=on):
            assert isinstance(before, Pending)
            return replace(before, attempts=attempt, tried_on=on)
        case FollowUpCompleted():
            return Completed()
        case FollowUpCancelled():
            return Cancelled()
        case _:
            assert_never(event)


# Commands: what may be requested -------------------------------------------------------------------------------------


class ScheduleFollowUps(Struct, frozen=True, kw_only=True):
    person: Id
    rank: Rank
    exit_on: PastDay
    on: FactDate


class CompleteFollowUp(Struct, frozen=True, kw_only=True):
    person: Id
    rank: Rank
    milestone: Milestone
    situation: Situation
    still_in_outcome: bool
    channel: FollowUpChannel
    on: FactDate


class RecordUnreachable(Struct, frozen=True, kw_only=True):
    person: Id
    rank: Rank
    milestone: Milestone
    on: FactDate


Attempt = CompleteFollowUp | RecordUnreachable
Command = ScheduleFollowUps | Attempt

# Decisions: what follows ---------------------------------------------------------------------------------------------


def due_dates(exit_on: date, renewed_on: date | None) -> dict[Milestone, date]:
    """When each follow-up is due, of those that fall due before or on the day on which a renewal opened."""
    due = {milestone: add_months(exit_on, months) for milestone, months in MONTHS_AFTER_EXIT.items()}
    return {milestone: day for milestone, day in due.items() if renewed_on is None or day <= renewed_on}


def settle(person: str, rank: int, follow_ups: FollowUps, due: Mapping[Milestone, date], on: date) -> list[Event]:
    """What makes these due dates true: follow-ups scheduled, moved or cancelled. A completed one stays as it is."""
    changes: list[Event] = []
    for milestone in MONTHS_AFTER_EXIT:
        current, due_on = follow_ups.get(milestone), due.get(milestone)
        if due_on is None and isinstance(current, Pending):
            changes.append(FollowUpCancelled(person=person, rank=rank, milestone=milestone, on=on))
        if due_on is not None and not isinstance(current, Completed) and not (isinstance(current, Pending) and current.due_on == due_on):
            window_end = due_on + WINDOW
            changes.append(FollowUpScheduled(person=person, rank=rank, milestone=milestone, due_on=due_on, window_end=window_end, on=on))
    return changes


def schedule(exit: Exit, follow_ups: FollowUps, due: Mapping[Milestone, date], command: ScheduleFollowUps) -> list[Event]:
    """Follow-ups are due from the exit date in force, even if it was corrected between the exit and this command."""
    if follow_ups:
        raise Refused("follow_ups_already_scheduled")
    if command.exit_on not in {statement.exit_on for statement in exit.statements}:
        raise Refused("not_the_exit_date")
    if not due:
        raise Refused("journey_reopened")
    return settle(command.person, command.rank, follow_ups, due, command.on)


def attempt(follow_ups: FollowUps, reopened: bool, command: Attempt) -> Event:
    """The event that an attempt to reach the person leads to; `reopened` if a renewal opened after the exit."""
    pending = pending_follow_up(follow_ups, reopened, command)
    match command:
        case CompleteFollowUp():
            return completed(command)
        case RecordUnreachable(person=person, rank=rank, milestone=milestone, on=on):
            return FollowUpUnreachable(person=person, rank=rank, milestone=milestone, attempt=pending.attempts + 1, on=on)
        case _:
            assert_never(command)


def completed(command: CompleteFollowUp) -> FollowUpCompleted:
    return FollowUpCompleted(
        person=command.person,
        rank=command.rank,
        milestone=command.milestone,
        situation=command.situation,
        still_in_outcome=command.still_in_outcome,
        channel=command.channel,
        on=command.on,
    )


def pending_follow_up(follow_ups: FollowUps, reopened: bool, command: Attempt) -> Pending:
    match follow_ups.get(command.milestone):
        case Pending(due_on=due_on, tried_on=tried_on) as pending:
            if command.on < due_on - MAX_EARLINESS:
                raise Refused("follow_up_too_early")
            if command.on < tried_on:
                raise Refused("before_the_last_attempt")
            return pending
        case Completed():
            raise Refused("follow_up_already_completed")
        case Cancelled() | None if reopened:
            raise Refused("journey_reopened")
        case Cancelled() | None:
            raise Refused("follow_up_not_scheduled")
        case never:
            assert_never(never)
