"""What happens along a journey: the diagnostic, the barriers that are found and lifted, the interviews.

The study's lesson is to value every step and not only the exit. Part of the stream `journey-<person>`, whose page is journey.py.
"""

from datetime import date
from typing import Annotated, Literal, assert_never

from msgspec import Meta, Struct
from msgspec.structs import replace

from services.coaching.words import Id, known_thematique
from shared.errors import Refused

Constraint = Literal["NON_ABORDEE", "OUI", "CLOTUREE"]
Mode = Literal["PRESENTIEL", "TELEPHONE", "VISIO", "DOMICILE"]
Minutes = Annotated[int, Meta(ge=1, le=480)]

# Events: what happened ---------------------------------------------------------------------------------------------


class DiagnosticCompleted(Struct, frozen=True, tag=True, kw_only=True):
    """Where the person stands on each thematique that was looked at. A later diagnostic is a new statement, not an edit."""

    person: str
    rank: int
    constraints: dict[str, Constraint]
    on: date


class BarrierIdentified(Struct, frozen=True, tag=True, kw_only=True):
    """Something that stands between the person and a job; it stays until it is lifted."""

    person: str
    rank: int
    thematique: str
    on: date


class BarrierLifted(Struct, frozen=True, tag=True, kw_only=True):
    """A barrier that was identified stands in the way no more. It may be identified again."""

    person: str
    rank: int
    thematique: str
    on: date


class InterviewHeld(Struct, frozen=True, tag=True, kw_only=True):
    """A conversation of the person with a coach (`by`)."""

    person: str
    rank: int
    mode: Mode
    minutes: int
    by: str
    on: date


Event = DiagnosticCompleted | BarrierIdentified | BarrierLifted | InterviewHeld

# State: what is true -----------------------------------------------------------------------------------------------


class Journey(Struct, frozen=True, kw_only=True):
    """One journey, open or not: its rank, where and when it opened, the barriers that stand, the outcomes so far.

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


# Commands: what is asked -------------------------------------------------------------------------------------------


class CompleteDiagnostic(Struct, frozen=True, kw_only=True):
    person: Id
    constraints: dict[str, Constraint]
    on: date


class IdentifyBarrier(Struct, frozen=True, kw_only=True):
    person: Id
    thematique: str
    on: date


class LiftBarrier(Struct, frozen=True, kw_only=True):
    person: Id
    thematique: str
    on: date


class HoldInterview(Struct, frozen=True, kw_only=True):
    person: Id
    mode: Mode
    minutes: Minutes
    on: date
    by: str


Command = CompleteDiagnostic | IdentifyBarrier | LiftBarrier | HoldInterview

# Decisions: what follows -------------------------------------------------------------------------------------------


def decide(journey: Journey, command: Command) -> Event:
    """What follows in a journey that was open that day."""
    match command:
        case CompleteDiagnostic(person=person, constraints=constraints, on=on):
            known = {known_thematique(thematique): constraint for thematique, constraint in constraints.items()}
            return DiagnosticCompleted(person=person, rank=journey.rank, constraints=known, on=on)
        case IdentifyBarrier():
            return identify(journey, command)
        case LiftBarrier():
            return lift(journey, command)
        case HoldInterview(person=person, mode=mode, minutes=minutes, on=on, by=by):
            return InterviewHeld(person=person, rank=journey.rank, mode=mode, minutes=minutes, by=by, on=on)
        case _:
            assert_never(command)


def identify(journey: Journey, command: IdentifyBarrier) -> BarrierIdentified:
    thematique = known_thematique(command.thematique)
    if thematique in journey.barriers:
        raise Refused("barrier_already_identified", "This barrier is identified and not lifted yet.")
    return BarrierIdentified(person=command.person, rank=journey.rank, thematique=thematique, on=command.on)


def lift(journey: Journey, command: LiftBarrier) -> BarrierLifted:
    if command.thematique not in journey.barriers:
        raise Refused("barrier_not_identified", "Only a barrier that was identified can be lifted.")
    return BarrierLifted(person=command.person, rank=journey.rank, thematique=command.thematique, on=command.on)


def check_begun(journey: Journey, on: date) -> None:
    if on < journey.opened_on:
        raise Refused("before_the_opening", "Nothing can happen to a journey before it opened.")
