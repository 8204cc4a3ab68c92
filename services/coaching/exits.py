"""How a journey ends: one exit, stated once, then corrected or neutralised by later events, never edited (invariant 3 of the domain).

Part of the aggregate of journey.py and of its stream `journey-<person>`.
"""

from collections.abc import Sequence
from datetime import date
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from services.coaching.coded_values import CorrectionReason, ExitReason, NeutralReason
from services.coaching.progress import Journey
from services.vocabulary.fields import Id, PastDay
from shared.command_fields import CommandTerritory, FactDate, RecordingDate
from shared.errors import Refused

# Events: what happened -----------------------------------------------------------------------------------------------


class JourneyExited(Struct, frozen=True, tag=True, kw_only=True):
    """The journey is over since `exit_on`, with these outcomes. Its territory is the one of that moment."""

    person: str
    rank: int
    exit_on: date
    reason: ExitReason
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
    reason: ExitReason
    outcomes: list[str]
    why: CorrectionReason
    on: date


class ExitNeutralised(Struct, frozen=True, tag=True, kw_only=True):
    """The exit counts neither for nor against the programme: in neither numerator nor denominator."""

    person: str
    rank: int
    reason: NeutralReason
    on: date


Event = JourneyExited | ExitCorrected | ExitNeutralised

# State: what is true -------------------------------------------------------------------------------------------------


class Statement(Struct, frozen=True):
    """The data of an exit that an event carries."""

    exit_on: date
    reason: ExitReason
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


def first_statement(event: JourneyExited) -> Exit:
    return Exit((statement_of(event),))


def evolve(exit: Exit, event: ExitCorrected | ExitNeutralised) -> Exit:
    match event:
        case ExitCorrected():
            return replace(exit, statements=(*exit.statements, statement_of(event)))
        case ExitNeutralised():
            return replace(exit, neutralised=True)
        case _:
            assert_never(event)


def statement_of(event: JourneyExited | ExitCorrected) -> Statement:
    return Statement(event.exit_on, event.reason, tuple(event.outcomes))


# Commands: what may be requested -------------------------------------------------------------------------------------


class ExitJourney(Struct, frozen=True, kw_only=True):
    person: Id
    exit_on: PastDay
    reason: ExitReason
    outcomes: list[Id]
    on: FactDate
    recorded_on: RecordingDate
    territory: CommandTerritory


class CorrectExit(Struct, frozen=True, kw_only=True):
    person: Id
    exit_on: PastDay
    reason: ExitReason
    outcomes: list[Id]
    why: CorrectionReason
    on: FactDate
    recorded_on: RecordingDate


class NeutraliseExit(Struct, frozen=True, kw_only=True):
    person: Id
    reason: NeutralReason
    on: FactDate


Command = ExitJourney | CorrectExit | NeutraliseExit

# Decisions: what follows ---------------------------------------------------------------------------------------------


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
    check_not_neutralised(exit)
    check_dates(journey, command.exit_on, command.recorded_on)
    check_outcomes(journey, command.reason, command.outcomes)
    if Statement(command.exit_on, command.reason, tuple(command.outcomes)) == exit.in_force:
        raise Refused("correction_without_change")
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
    check_not_neutralised(exit)
    return ExitNeutralised(person=command.person, rank=journey.rank, reason=command.reason, on=command.on)


def check_not_neutralised(exit: Exit) -> None:
    if exit.neutralised:
        raise Refused("exit_neutralised")


def check_dates(journey: Journey, exit_on: date, recorded_on: date) -> None:
    if exit_on < journey.opened_on:
        raise Refused("exit_before_opening")
    if exit_on > recorded_on:
        raise Refused("exit_after_recording")


def check_outcomes(journey: Journey, reason: ExitReason, outcomes: Sequence[str]) -> None:
    if reason is ExitReason.OUTCOME and not outcomes:
        raise Refused("exit_without_outcome")
    if reason is not ExitReason.OUTCOME and outcomes:
        raise Refused("outcome_without_reason")
    if not journey.outcomes.issuperset(outcomes):
        raise Refused("outcome_unknown")
    if len(set(outcomes)) < len(outcomes):
        raise Refused("outcome_named_twice")
