"""News of a person 3 and 6 months after the exit: are they still there, where the journey led them?

Part of the stream `journey-<person>`, whose page is journey.py.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated, Literal, assert_never

from msgspec import Meta, Struct
from msgspec.structs import replace

from services.coaching.exits import Exit
from services.coaching.words import Id
from shared.errors import Refused
from shared.time import add_months

Milestone = Literal["M3", "M6"]
Situation = Literal["EMPLOI", "FORMATION", "RECHERCHE", "INACTIF", "AUTRE"]
Channel = Literal["TELEPHONE", "SMS", "RENCONTRE", "COURRIEL"]
Rank = Annotated[int, Meta(ge=1)]

MONTHS: Mapping[Milestone, int] = {"M3": 3, "M6": 6}
WINDOW = timedelta(days=30)  # after the due date, a follow-up counts as due whether it was reached or not
EARLY = timedelta(days=15)  # before the due date, the news would not be of that milestone

# Events: what happened ---------------------------------------------------------------------------------------------


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
    """The person was reached and said where they are."""

    person: str
    rank: int
    milestone: Milestone
    situation: Situation
    still_in_outcome: bool
    channel: Channel
    on: date


class FollowUpUnreachable(Struct, frozen=True, tag=True, kw_only=True):
    """One attempt, from 1, that reached nobody. The follow-up stays to be done."""

    person: str
    rank: int
    milestone: Milestone
    attempt: int
    on: date


class FollowUpCancelled(Struct, frozen=True, tag=True, kw_only=True):
    """A renewal opened first: the person is coached again, nobody needs to ask."""

    person: str
    rank: int
    milestone: Milestone
    on: date


Event = FollowUpScheduled | FollowUpCompleted | FollowUpUnreachable | FollowUpCancelled

# State: what is true -----------------------------------------------------------------------------------------------


class Pending(Struct, frozen=True):
    due_on: date
    attempts: int = 0


class Completed(Struct, frozen=True):
    pass


class Cancelled(Struct, frozen=True):
    pass


FollowUp = Pending | Completed | Cancelled
FollowUps = Mapping[Milestone, FollowUp]  # those of one rank


def evolve(follow_ups: FollowUps, event: Event) -> FollowUps:
    return {**follow_ups, event.milestone: evolved(follow_ups.get(event.milestone), event)}


def evolved(before: FollowUp | None, event: Event) -> FollowUp:
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


# Commands: what is asked -------------------------------------------------------------------------------------------


class ScheduleFollowUps(Struct, frozen=True, kw_only=True):
    person: Id
    rank: Rank
    exit_on: date
    on: date


class CompleteFollowUp(Struct, frozen=True, kw_only=True):
    person: Id
    rank: Rank
    milestone: Milestone
    situation: Situation
    still_in_outcome: bool
    channel: Channel
    on: date


class RecordUnreachable(Struct, frozen=True, kw_only=True):
    person: Id
    rank: Rank
    milestone: Milestone
    on: date


Command = ScheduleFollowUps | CompleteFollowUp | RecordUnreachable

# Decisions: what follows -------------------------------------------------------------------------------------------


def decide(exit: Exit, follow_ups: FollowUps, command: Command) -> Sequence[Event]:
    """What follows for the exit of the rank that the command names."""
    match command:
        case ScheduleFollowUps():
            return schedule_first(exit, follow_ups, command)
        case CompleteFollowUp():
            return [complete(follow_ups, command)]
        case RecordUnreachable():
            return [miss(follow_ups, command)]
        case _:
            assert_never(command)


def schedule_first(exit: Exit, follow_ups: FollowUps, command: ScheduleFollowUps) -> list[FollowUpScheduled]:
    """Due from the exit date in force, even when it was corrected between the exit and this command."""
    if follow_ups:
        raise Refused("follow_ups_already_scheduled", "The follow-ups of this exit are scheduled.")
    if command.exit_on not in {statement.exit_on for statement in exit.statements}:
        raise Refused("not_the_exit_date", "Follow-ups are counted from the date of the exit.")
    return schedule(command.person, command.rank, exit.on, tuple(MONTHS), command.on)


def schedule(person: str, rank: int, exit_on: date, milestones: Sequence[Milestone], on: date) -> list[FollowUpScheduled]:
    due = {milestone: add_months(exit_on, MONTHS[milestone]) for milestone in milestones}
    return [
        FollowUpScheduled(person=person, rank=rank, milestone=milestone, due_on=day, window_end=day + WINDOW, on=on)
        for milestone, day in due.items()
    ]


def complete(follow_ups: FollowUps, command: CompleteFollowUp) -> FollowUpCompleted:
    check_awaited(follow_ups, command)
    return FollowUpCompleted(
        person=command.person,
        rank=command.rank,
        milestone=command.milestone,
        situation=command.situation,
        still_in_outcome=command.still_in_outcome,
        channel=command.channel,
        on=command.on,
    )


def miss(follow_ups: FollowUps, command: RecordUnreachable) -> FollowUpUnreachable:
    attempt = check_awaited(follow_ups, command).attempts + 1
    return FollowUpUnreachable(person=command.person, rank=command.rank, milestone=command.milestone, attempt=attempt, on=command.on)


def check_awaited(follow_ups: FollowUps, command: CompleteFollowUp | RecordUnreachable) -> Pending:
    match follow_ups.get(command.milestone):
        case Pending(due_on=due_on) as pending:
            if command.on < due_on - EARLY:
                raise Refused("follow_up_too_early", "A follow-up is done from 15 days before its due date.")
            return pending
        case Completed():
            raise Refused("follow_up_already_completed", "This follow-up is done.")
        case Cancelled() | None:
            raise Refused("follow_up_not_scheduled", "No follow-up of this rank and milestone is awaited.")
        case never:
            assert_never(never)


def pending(follow_ups: FollowUps) -> list[Milestone]:
    return [milestone for milestone, follow_up in follow_ups.items() if isinstance(follow_up, Pending)]


def cancel(person: str, rank: int, follow_ups: FollowUps, on: date) -> list[FollowUpCancelled]:
    return [FollowUpCancelled(person=person, rank=rank, milestone=milestone, on=on) for milestone in pending(follow_ups)]
