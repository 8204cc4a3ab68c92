"""How a journey ends: one exit, stated once, then only corrected or neutralised by a later statement, never edited.

Part of the stream `journey-<person>`, whose page is journey.py.
"""

from collections.abc import Sequence
from datetime import date
from typing import Literal, assert_never

from msgspec import Struct
from msgspec.structs import replace

from services.coaching.progress import Journey
from services.coaching.words import Id
from shared.errors import Refused

Reason = Literal["OUTCOME", "ABANDON", "PERDU_DE_VUE", "SANS_SOLUTION", "DEMANDE"]
Why = Literal["SAISIE", "JUSTIFICATIF", "REQUALIFICATION"]
Neutral = Literal["DEMENAGEMENT", "DECES", "SANTE_LONGUE", "INCARCERATION"]

# Events: what happened ---------------------------------------------------------------------------------------------


class JourneyExited(Struct, frozen=True, tag=True, kw_only=True):
    """The journey is over since `exit_on`, with these outcomes. Its territory is the one of that moment."""

    person: str
    rank: int
    exit_on: date
    reason: Reason
    outcomes: list[str]
    orientation: str | None
    territory: str
    on: date


class ExitCorrected(Struct, frozen=True, tag=True, kw_only=True):
    """A new statement of the exit of the same rank. `supersedes` is the number of the statement it replaces, from 1."""

    person: str
    rank: int
    supersedes: int
    exit_on: date
    reason: Reason
    outcomes: list[str]
    why: Why
    on: date


class ExitNeutralised(Struct, frozen=True, tag=True, kw_only=True):
    """The exit counts neither for nor against the programme: life took the person elsewhere."""

    person: str
    rank: int
    reason: Neutral
    on: date


Event = JourneyExited | ExitCorrected | ExitNeutralised

# State: what is true -----------------------------------------------------------------------------------------------


class Statement(Struct, frozen=True):
    exit_on: date
    reason: Reason
    outcomes: tuple[str, ...]


class Exit(Struct, frozen=True):
    """Every statement of one exit, in order; the last is in force."""

    statements: tuple[Statement, ...]
    neutralised: bool = False

    @property
    def in_force(self) -> Statement:
        return self.statements[-1]

    @property
    def on(self) -> date:
        return self.in_force.exit_on


def begun(event: JourneyExited) -> Exit:
    return Exit((stated(event),))


def evolve(exit: Exit, event: ExitCorrected | ExitNeutralised) -> Exit:
    match event:
        case ExitCorrected():
            return replace(exit, statements=(*exit.statements, stated(event)))
        case ExitNeutralised():
            return replace(exit, neutralised=True)
        case _:
            assert_never(event)


def stated(event: JourneyExited | ExitCorrected) -> Statement:
    return Statement(event.exit_on, event.reason, tuple(event.outcomes))


# Commands: what is asked -------------------------------------------------------------------------------------------


class ExitJourney(Struct, frozen=True, kw_only=True):
    person: Id
    exit_on: date
    reason: Reason
    outcomes: list[Id]
    on: date
    recorded_on: date
    territory: str


class CorrectExit(Struct, frozen=True, kw_only=True):
    person: Id
    exit_on: date
    reason: Reason
    outcomes: list[Id]
    why: Why
    on: date
    recorded_on: date


class NeutraliseExit(Struct, frozen=True, kw_only=True):
    person: Id
    reason: Neutral
    on: date


Command = ExitJourney | CorrectExit | NeutraliseExit

# Decisions: what follows -------------------------------------------------------------------------------------------


def leave(journey: Journey, command: ExitJourney) -> JourneyExited:
    check_dates(journey, command.exit_on, command.recorded_on)
    check_outcomes(journey, command.reason, command.outcomes)
    return JourneyExited(
        person=command.person,
        rank=journey.rank,
        exit_on=command.exit_on,
        reason=command.reason,
        outcomes=command.outcomes,
        orientation=journey.orientation,
        territory=journey.territory,
        on=command.on,
    )


def correct(journey: Journey, exit: Exit, command: CorrectExit) -> ExitCorrected:
    check_counted(exit)
    check_dates(journey, command.exit_on, command.recorded_on)
    check_outcomes(journey, command.reason, command.outcomes)
    if Statement(command.exit_on, command.reason, tuple(command.outcomes)) == exit.in_force:
        raise Refused("correction_without_change", "This is what the exit already says.")
    return ExitCorrected(
        person=command.person,
        rank=journey.rank,
        supersedes=len(exit.statements),
        exit_on=command.exit_on,
        reason=command.reason,
        outcomes=command.outcomes,
        why=command.why,
        on=command.on,
    )


def neutralise(journey: Journey, exit: Exit, command: NeutraliseExit) -> ExitNeutralised:
    check_counted(exit)
    return ExitNeutralised(person=command.person, rank=journey.rank, reason=command.reason, on=command.on)


def check_counted(exit: Exit) -> None:
    if exit.neutralised:
        raise Refused("exit_neutralised", "This exit is neutralised: it counts nowhere, so there is nothing left to change.")


def check_dates(journey: Journey, exit_on: date, recorded_on: date) -> None:
    if exit_on < journey.opened_on:
        raise Refused("exit_before_opening", "A journey ends on the day it opened or later.")
    if exit_on > recorded_on:
        raise Refused("exit_after_recording", "An exit is recorded once it has happened, not before.")


def check_outcomes(journey: Journey, reason: Reason, outcomes: Sequence[str]) -> None:
    if reason == "OUTCOME" and not outcomes:
        raise Refused("exit_without_outcome", "An exit by an outcome names at least one outcome.")
    if reason != "OUTCOME" and outcomes:
        raise Refused("outcome_without_reason", "An exit that names outcomes has the reason OUTCOME.")
    if not journey.outcomes.issuperset(outcomes):
        raise Refused("outcome_unknown", "An exit names outcomes that were recorded in the same journey.")
    if len(set(outcomes)) < len(outcomes):
        raise Refused("outcome_named_twice", "An exit names each outcome once.")
