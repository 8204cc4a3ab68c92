"""What happens along a journey: the diagnostic, the barriers that are identified and lifted, the interviews.

The lesson of the study is to value every step and not only the exit.
Part of the aggregate of journey.py and of its stream `journey-<person>`.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, assert_never

from msgspec import Meta, Struct
from msgspec.structs import replace

from services.coaching.coded_values import Constraint, InterviewMode
from services.vocabulary.fields import Id, ThematiqueId
from shared.command_fields import ActorId, FactDate
from shared.errors import Refused
from shared.trust.personal.marks import Code, Identifier

Minutes = Annotated[int, Meta(ge=1, le=480)]

# Events: what happened -----------------------------------------------------------------------------------------------


class DiagnosticCompleted(Struct, frozen=True, tag=True, kw_only=True):
    """The level of the person on each thematique that was discussed. A later diagnostic is a new event, not an edit."""

    person: Identifier
    rank: int
    constraints: dict[Code, Constraint]
    on: date


class BarrierIdentified(Struct, frozen=True, tag=True, kw_only=True):
    """An obstacle to employment, until it is lifted."""

    person: Identifier
    rank: int
    thematique: Code
    on: date


class BarrierLifted(Struct, frozen=True, tag=True, kw_only=True):
    """An identified barrier is gone. It may be identified again."""

    person: Identifier
    rank: int
    thematique: Code
    on: date


class InterviewHeld(Struct, frozen=True, tag=True, kw_only=True):
    """The person talked with a coach (`by`)."""

    person: Identifier
    rank: int
    mode: InterviewMode
    minutes: int
    by: Identifier
    on: date


Event = DiagnosticCompleted | BarrierIdentified | BarrierLifted | InterviewHeld

# State: what is true -------------------------------------------------------------------------------------------------


class Barrier(Struct, frozen=True):
    """Identified or lifted, since a day."""

    lifted: bool
    since: date


class Outcome(Struct, frozen=True):
    """An outcome, reached on a day, and the event that stated it last."""

    reached_on: date
    statement: Struct


class Journey(Struct, frozen=True, kw_only=True):
    """One journey, open or not: when it opened, where and by whom it is followed, its barriers and outcomes.

    `orientation` opened it, and those `joined` came while it was open. `last_on` is the day of its latest fact that only an open journey
    has: an outcome may come after the exit.
    """

    rank: int
    opened_on: date
    orientation: str | None
    joined: tuple[str, ...] = ()
    territory: str
    territory_since: date
    referent: str | None = None  # only between the two events of an opening
    referent_since: date
    last_on: date
    barriers: Mapping[str, Barrier] = {}
    outcomes: Mapping[str, Outcome] = {}


def evolve(journey: Journey, event: Event) -> Journey:
    last_on = max(journey.last_on, event.on)
    match event:
        case BarrierIdentified(thematique=thematique, on=on) | BarrierLifted(thematique=thematique, on=on):
            barrier = Barrier(isinstance(event, BarrierLifted), on)
            return replace(journey, last_on=last_on, barriers={**journey.barriers, thematique: barrier})
        case DiagnosticCompleted() | InterviewHeld():
            return replace(journey, last_on=last_on)
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
    match journey.barriers.get(command.thematique):
        case Barrier(lifted=False):
            raise Refused("barrier_already_identified")
        case Barrier(since=lifted_on) if command.on < lifted_on:
            raise Refused("before_the_lift")
    return BarrierIdentified(person=command.person, rank=journey.rank, thematique=command.thematique, on=command.on)


def lift(journey: Journey, command: LiftBarrier) -> BarrierLifted:
    match journey.barriers.get(command.thematique):
        case None | Barrier(lifted=True):
            raise Refused("barrier_not_identified")
        case Barrier(since=identified_on) if command.on < identified_on:
            raise Refused("before_the_identification")
    return BarrierLifted(person=command.person, rank=journey.rank, thematique=command.thematique, on=command.on)
