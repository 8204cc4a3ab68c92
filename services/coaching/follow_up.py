"""News of a person 3 and 6 months after the exit: whether they are still where the journey led them (invariant 5 of the domain).

Part of the aggregate of journey.py and of its stream `journey-<person>`.
"""

from collections.abc import Mapping, Sequence
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

MONTHS_AFTER_EXIT: Mapping[Milestone, int] = {Milestone.M3: 3, Milestone.M6: 6}
WINDOW = timedelta(days=30)  # after the due date; then the follow-up counts as due, whether the person was reached or not
MAX_EARLINESS = timedelta(days=15)  # before the due date; earlier news does not answer that milestone

# Events: what happened -----------------------------------------------------------------------------------------------


class FollowUpScheduled(Struct, frozen=True, tag=True, kw_only=True):
    """Due a number of calendar months after the exit, clamped to the month's end.

    A later one of the same rank and milestone replaces the earlier: the exit date was corrected.
    """

    person: str
    rank: int
    milestone: Milestone
    due_on: date
    window_end: date
    on: date


class FollowUpCompleted(Struct, frozen=True, tag=True, kw_only=True):
    """The person was reached and told their situation."""

    person: str
    rank: int
    milestone: Milestone
    situation: Situation
    still_in_outcome: bool
    channel: FollowUpChannel
    on: date


class FollowUpUnreachable(Struct, frozen=True, tag=True, kw_only=True):
    """One attempt, counted from 1, that did not reach the person. The follow-up stays pending."""

    person: str
    rank: int
    milestone: Milestone
    attempt: int
    on: date


class FollowUpCancelled(Struct, frozen=True, tag=True, kw_only=True):
    """A renewal opened first: the person is coached again, so no follow-up is needed."""

    person: str
    rank: int
    milestone: Milestone
    on: date


Event = FollowUpScheduled | FollowUpCompleted | FollowUpUnreachable | FollowUpCancelled

# State: what is true -------------------------------------------------------------------------------------------------


class Pending(Struct, frozen=True):
    """Still to be done, after this number of attempts that did not reach the person."""

    due_on: date
    attempts: int = 0


class Completed(Struct, frozen=True):
    """The person was reached."""


class Cancelled(Struct, frozen=True):
    """A renewal opened first."""


FollowUp = Pending | Completed | Cancelled
FollowUps = Mapping[Milestone, FollowUp]  # those of one rank


def evolve(follow_ups: FollowUps, event: Event) -> FollowUps:
    return {**follow_ups, event.milestone: next_state(follow_ups.get(event.milestone), event)}


def next_state(before: FollowUp | None, event: Event) -> FollowUp:
    match event:
        case FollowUpScheduled(due_on=due_on):
            return Pending(due_on, before.attempts if isinstance(before, Pending) else 0)
        case FollowUpUnreachable(attempt=attempt):
            assert isinstance(before, Pending)
            return replace(before, attempts=attempt)
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


Command = ScheduleFollowUps | CompleteFollowUp | RecordUnreachable

# Decisions: what follows ---------------------------------------------------------------------------------------------


def decide(exit: Exit, follow_ups: FollowUps, command: Command) -> Sequence[Event]:
    """The events that a command leads to, for the exit of the rank that it names."""
    match command:
        case ScheduleFollowUps():
            return schedule_first(exit, follow_ups, command)
        case CompleteFollowUp():
            return [complete(follow_ups, command)]
        case RecordUnreachable():
            return [record_unreachable(follow_ups, command)]
        case _:
            assert_never(command)


def schedule_first(exit: Exit, follow_ups: FollowUps, command: ScheduleFollowUps) -> list[FollowUpScheduled]:
    """Follow-ups are due from the exit date in force, even if it was corrected between the exit and this command."""
    if follow_ups:
        raise Refused("follow_ups_already_scheduled")
    if command.exit_on not in {statement.exit_on for statement in exit.statements}:
        raise Refused("not_the_exit_date")
    return schedule(command.person, command.rank, exit.on, tuple(MONTHS_AFTER_EXIT), command.on)


def schedule(person: str, rank: int, exit_on: date, milestones: Sequence[Milestone], on: date) -> list[FollowUpScheduled]:
    due = {milestone: add_months(exit_on, MONTHS_AFTER_EXIT[milestone]) for milestone in milestones}
    return [
        FollowUpScheduled(person=person, rank=rank, milestone=milestone, due_on=day, window_end=day + WINDOW, on=on)
        for milestone, day in due.items()
    ]


def complete(follow_ups: FollowUps, command: CompleteFollowUp) -> FollowUpCompleted:
    pending_follow_up(follow_ups, command)
    return FollowUpCompleted(
        person=command.person,
        rank=command.rank,
        milestone=command.milestone,
        situation=command.situation,
        still_in_outcome=command.still_in_outcome,
        channel=command.channel,
        on=command.on,
    )


def record_unreachable(follow_ups: FollowUps, command: RecordUnreachable) -> FollowUpUnreachable:
    attempt = pending_follow_up(follow_ups, command).attempts + 1
    return FollowUpUnreachable(person=command.person, rank=command.rank, milestone=command.milestone, attempt=attempt, on=command.on)


def pending_follow_up(follow_ups: FollowUps, command: CompleteFollowUp | RecordUnreachable) -> Pending:
    match follow_ups.get(command.milestone):
        case Pending(due_on=due_on) as pending:
            if command.on < due_on - MAX_EARLINESS:
                raise Refused("follow_up_too_early")
            return pending
        case Completed():
            raise Refused("follow_up_already_completed")
        case Cancelled() | None:
            raise Refused("follow_up_not_scheduled")
        case never:
            assert_never(never)


def pending_milestones(follow_ups: FollowUps) -> list[Milestone]:
    return [milestone for milestone, follow_up in follow_ups.items() if isinstance(follow_up, Pending)]


def cancel(person: str, rank: int, follow_ups: FollowUps, on: date) -> list[FollowUpCancelled]:
    return [FollowUpCancelled(person=person, rank=rank, milestone=milestone, on=on) for milestone in pending_milestones(follow_ups)]
