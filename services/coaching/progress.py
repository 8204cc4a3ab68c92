"""What happens along a journey: the diagnostic, the barriers that are identified and lifted, the interviews.

The lesson of the study is to value every step and not only the exit.
Part of the aggregate of journey.py and of its stream `journey-<person>`.
"""

from datetime import date
from typing import Annotated, assert_never

from msgspec import Meta, Struct
from msgspec.structs import replace

from services.coaching.coded_values import Constraint, InterviewMode
from services.vocabulary.fields import Id, ThematiqueId
from shared.command_fields import ActorId, FactDate
from shared.errors import Refused

Minutes = Annotated[int, Meta(ge=1, le=480)]

# Events: what happened -----------------------------------------------------------------------------------------------


class DiagnosticCompleted(Struct, frozen=True, tag=True, kw_only=True):
    """The level of the person on each thematique that was discussed. A later diagnostic is a new event, not an edit."""

    person: str
    rank: int
    constraints: dict[str, Constraint]
    on: date


class BarrierIdentified(Struct, frozen=True, tag=True, kw_only=True):
    """An obstacle to employment, until it is lifted."""

    person: str
    rank: int
    thematique: str
    on: date


class BarrierLifted(Struct, frozen=True, tag=True, kw_only=True):
    """An identified barrier is gone. It may be identified again."""

    person: str
    rank: int
    thematique: str
    on: date


class InterviewHeld(Struct, frozen=True, tag=True, kw_only=True):
    """The person talked with a coach (`by`)."""

    person: str
    rank: int
    mode: InterviewMode
    minutes: int
    by: str
    on: date


Event = DiagnosticCompleted | BarrierIdentified | BarrierLifted | InterviewHeld

# State: what is true -------------------------------------------------------------------------------------------------


class Journey(Struct, frozen=True, kw_only=True):
    """One journey, open or not: its rank, where and when it opened, the barriers not lifted yet, the outcomes so far.

    `known_outcomes` also holds those of the earlier ranks: an outcome's id is used once in the whole stream.
    """

    rank: int
    opened_on: date
    territory: str
    orientation: str | None
    barriers: frozenset[str] = frozenset()
    outcomes: frozenset[str] = frozenset()
    known_outcomes: frozenset[str] = frozenset()


def evolve(journey: Journey, event: Event) -> Journey:
    match event:
        case BarrierIdentified(thematique=thematique):
            return replace(journey, barriers=journey.barriers | {thematique})
        case BarrierLifted(thematique=thematique):
            return replace(journey, barriers=journey.barriers - {thematique})
        case DiagnosticCompleted() | InterviewHeld():
            return journey
        case _:
            assert_never(event)


# Commands: what may be requested -------------------------------------------------------------------------------------


class CompleteDiagnostic(Struct, frozen=True, kw_only=True):
    person: Id
    constraints: dict[ThematiqueId, Constraint]
    on: FactDate


class IdentifyBarrier(Struct, frozen=True, kw_only=True):
    person: Id
    thematique: ThematiqueId
    on: FactDate


class LiftBarrier(Struct, frozen=True, kw_only=True):
    person: Id
    thematique: ThematiqueId
    on: FactDate


class HoldInterview(Struct, frozen=True, kw_only=True):
    person: Id
    mode: InterviewMode
    minutes: Minutes
    on: FactDate
    by: ActorId


Command = CompleteDiagnostic | IdentifyBarrier | LiftBarrier | HoldInterview

# Decisions: what follows ---------------------------------------------------------------------------------------------


def decide(journey: Journey, command: Command) -> Event:
    """The event that a command leads to, in a journey that was open that day."""
    match command:
        case CompleteDiagnostic(person=person, constraints=constraints, on=on):
            return DiagnosticCompleted(person=person, rank=journey.rank, constraints=constraints, on=on)
        case IdentifyBarrier():
            return identify(journey, command)
        case LiftBarrier():
            return lift(journey, command)
        case HoldInterview(person=person, mode=mode, minutes=minutes, on=on, by=by):
            return InterviewHeld(person=person, rank=journey.rank, mode=mode, minutes=minutes, by=by, on=on)
        case _:
            assert_never(command)


def identify(journey: Journey, command: IdentifyBarrier) -> BarrierIdentified:
    if command.thematique in journey.barriers:
        raise Refused("barrier_already_identified")
    return BarrierIdentified(person=command.person, rank=journey.rank, thematique=command.thematique, on=command.on)


def lift(journey: Journey, command: LiftBarrier) -> BarrierLifted:
    if command.thematique not in journey.barriers:
        raise Refused("barrier_not_identified")
    return BarrierLifted(person=command.person, rank=journey.rank, thematique=command.thematique, on=command.on)


def check_opened_by(journey: Journey, on: date) -> None:
    if on < journey.opened_on:
        raise Refused("before_the_opening")
