"""How a journey ends: one exit, stated once, then corrected, neutralised or restored by later events (invariant 3 of the domain).

Part of the aggregate of journey.py and of its stream `journey-<person>`.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from services.coaching.coded_values import CorrectionReason, ExitReason, NeutralReason
from services.coaching.progress import Journey
from services.vocabulary.fields import Id, PastDay, Rank
from shared.command_fields import CommandTerritory, FactDate
from shared.errors import Refused
from shared.trust.personal.marks import Code, Identifier

NEUTRAL: Mapping[ExitReason, NeutralReason] = {ExitReason[reason.name]: reason for reason in NeutralReason}
"""Reasons of an exit that neutralise it at once."""

# Events: what happened -----------------------------------------------------------------------------------------------


class JourneyExited(Struct, frozen=True, tag=True, kw_only=True):
    """The journey is over since `exit_on`, with these outcomes. Its territory is the one of that moment."""

    person: Identifier
    rank: int
    exit_on: date
    reason: ExitReason
    outcomes: list[Identifier]
    orientation: Identifier | None
    territory: Code
    on: date
    joined: list[Identifier] = []  # the further orientations of the journey


class ExitCorrected(Struct, frozen=True, tag=True, kw_only=True):
    """A new statement of the exit of the same rank. `supersedes` is the number of the statement it replaces, from 1."""

    person: Identifier
    rank: int
    supersedes: int
    exit_on: date
    reason: ExitReason
    outcomes: list[Identifier]
    why: CorrectionReason
    on: date


class ExitNeutralised(Struct, frozen=True, tag=True, kw_only=True):
    """The exit counts neither for nor against the programme: in neither numerator nor denominator."""

    person: Identifier
    rank: int
    reason: NeutralReason
    on: date


class NeutralisationLifted(Struct, frozen=True, tag=True, kw_only=True):
    """The exit was neutralised by mistake: it counts again, as it was last stated."""

    person: Identifier
    rank: int
    why: CorrectionReason
    on: date


Restatement = ExitCorrected | ExitNeutralised | NeutralisationLifted
Event = JourneyExited | Restatement

# State: what is true -------------------------------------------------------------------------------------------------


class Statement(Struct, frozen=True):
    """The data of an exit that an event carries."""

    exit_on: date
    reason: ExitReason
    outcomes: tuple[str, ...]


class Exit(Struct, frozen=True):
    """Every statement of one exit, in order; the last is in force."""

    statements: tuple[Statement, ...]
    neutralised: NeutralReason | None = None
    neutralised_on: date | None = None

    @property
    def in_force(self) -> Statement:
        return self.statements[-1]

    @property
    def on(self) -> date:
        return self.in_force.exit_on

    @property
    def neutral_by_reason(self) -> bool:
        """Whether the stated reason is what neutralises it: then a correction of the reason lifts it, and nothing else."""
        return self.neutralised is not None and NEUTRAL.get(self.in_force.reason) is self.neutralised

    @property
    def deceased(self) -> bool:
        return self.neutralised is NeutralReason.DECES

    def died_before(self, day: date) -> bool:
        """Whether the death is the reason of the exit, so that its day is known, and is before this one."""
        return self.deceased and self.in_force.reason is ExitReason.DECES and day > self.on


def first_statement(event: JourneyExited) -> Exit:
    return Exit((statement_of(event),))


def evolve(exit: Exit, event: Restatement) -> Exit:
    match event:
        case ExitCorrected():
            return replace(exit, statements=(*exit.statements, statement_of(event)))
        case ExitNeutralised(reason=reason, on=on):
            return replace(exit, neutralised=reason, neutralised_on=on)
        case NeutralisationLifted():
            return replace(exit, neutralised=None, neutralised_on=None)
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
    territory: CommandTerritory


class CorrectExit(Struct, frozen=True, kw_only=True):
    """A new statement of the exit of this rank, or of the last exit."""

    person: Id
    rank: Rank | None = None
    exit_on: PastDay
    reason: ExitReason
    outcomes: list[Id]
    why: CorrectionReason
    on: FactDate


class NeutraliseExit(Struct, frozen=True, kw_only=True):
    person: Id
    rank: Rank | None = None
    reason: NeutralReason
    on: FactDate


class LiftNeutralisation(Struct, frozen=True, kw_only=True):
    person: Id
    rank: Rank | None = None
    why: CorrectionReason
    on: FactDate


RestatementCommand = CorrectExit | NeutraliseExit | LiftNeutralisation
Command = ExitJourney | RestatementCommand

# Decisions: what follows ---------------------------------------------------------------------------------------------


def leave(journey: Journey, command: ExitJourney) -> JourneyExited:
    check_statement(journey, command)
    return JourneyExited(
        person=command.person,
        rank=journey.rank,
        exit_on=command.exit_on,
        reason=command.reason,
        outcomes=command.outcomes,
        orientation=journey.orientation,
        joined=list(journey.joined),
        territory=journey.territory,
        on=command.on,
    )


def neutralise_by_reason(event: JourneyExited | ExitCorrected) -> list[ExitNeutralised]:
    """A death, a prison, a long illness or a move is the reason of an exit in one step, and neutralises it."""
    reason = NEUTRAL.get(event.reason)
    return [] if reason is None else [ExitNeutralised(person=event.person, rank=event.rank, reason=reason, on=event.on)]


def restated(exit: Exit, event: ExitCorrected) -> list[Restatement]:
    """A correction. A new reason takes the place of one that neutralises: the exit counts again first, and is neutralised if need be."""
    if exit.neutralised is None:
        return [event, *neutralise_by_reason(event)]
    if NEUTRAL.get(event.reason) is exit.neutralised:
        return [event]
    return [NeutralisationLifted(person=event.person, rank=event.rank, why=event.why, on=event.on), event, *neutralise_by_reason(event)]


def decide(journey: Journey, exit: Exit, renewed_on: date | None, command: RestatementCommand) -> Sequence[Restatement]:
    """The events that a command leads to, about the exit of a journey whose renewal, if any, opened on `renewed_on`."""
    if command.on < journey.opened_on:
        raise Refused("before_the_opening")
    match command:
        case CorrectExit():
            return restated(exit, correct(journey, exit, renewed_on, command))
        case NeutraliseExit(person=person, reason=reason, on=on):
            check_not_neutralised(exit)
            return [ExitNeutralised(person=person, rank=journey.rank, reason=reason, on=on)]
        case LiftNeutralisation():
            return [lift(journey, exit, command)]
        case _:
            assert_never(command)


def correct(journey: Journey, exit: Exit, renewed_on: date | None, command: CorrectExit) -> ExitCorrected:
    if not exit.neutral_by_reason:
        check_not_neutralised(exit)
    check_not_before_the_neutralisation(exit, command.on)
    check_statement(journey, command)
    if renewed_on is not None and command.exit_on > renewed_on:
        raise Refused("exit_after_the_renewal")
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


def lift(journey: Journey, exit: Exit, command: LiftNeutralisation) -> NeutralisationLifted:
    if exit.neutralised_on is None:
        raise Refused("exit_not_neutralised")
    if exit.neutral_by_reason:
        raise Refused("neutral_by_its_reason")
    check_not_before_the_neutralisation(exit, command.on)
    return NeutralisationLifted(person=command.person, rank=journey.rank, why=command.why, on=command.on)


def check_not_before_the_neutralisation(exit: Exit, on: date) -> None:
    if exit.neutralised_on is not None and on < exit.neutralised_on:
        raise Refused("before_the_neutralisation")


def check_not_neutralised(exit: Exit) -> None:
    if exit.neutralised is not None:
        raise Refused("exit_neutralised")


def check_statement(journey: Journey, command: ExitJourney | CorrectExit) -> None:
    """An exit comes after the opening, what happened in the journey and the outcomes that it names, and not after its statement."""
    exit_on = command.exit_on
    if exit_on < journey.opened_on:
        raise Refused("exit_before_opening")
    if exit_on > command.on:
        raise Refused("exit_after_recording")
    check_outcomes(journey, command.reason, command.outcomes)
    if any(exit_on < journey.outcomes[outcome].reached_on for outcome in command.outcomes):
        raise Refused("exit_before_its_outcome")
    if exit_on < journey.last_on:
        raise Refused("exit_before_a_fact")


def check_outcomes(journey: Journey, reason: ExitReason, outcomes: Sequence[str]) -> None:
    if reason is ExitReason.OUTCOME and not outcomes:
        raise Refused("exit_without_outcome")
    if reason is not ExitReason.OUTCOME and outcomes:
        raise Refused("outcome_without_reason")
    if not journey.outcomes.keys() >= set(outcomes):
        raise Refused("outcome_unknown")
    if len(set(outcomes)) < len(outcomes):
        raise Refused("outcome_named_twice")


def check_named(journey: Journey, exit: Exit, outcome: str) -> None:
    """An outcome that was stated again is still one that the exit may name."""
    if outcome not in exit.in_force.outcomes:
        return
    if outcome not in journey.outcomes:
        raise Refused("outcome_named_by_an_exit")
    if exit.on < journey.outcomes[outcome].reached_on:
        raise Refused("exit_before_its_outcome")
