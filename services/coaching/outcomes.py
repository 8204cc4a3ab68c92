"""What a person reaches during a journey or after its exit: a job, a training, school, a business…

Events hold the outcome itself. Its class (positive, dynamic…) is not decided here: reporting computes it from versioned
definitions. An outcome belongs to the latest journey that had opened by its day; it came after the exit if its day did.
Part of the aggregate of journey.py and of its stream `journey-<person>`.
"""

from datetime import date
from typing import Annotated, assert_never

from msgspec import Meta, Struct
from msgspec.structs import replace

from services.coaching.coded_values import Contract, CorrectionReason, Evidence, IntensiveScheme, TrainingKind
from services.coaching.progress import Journey, Outcome
from services.vocabulary.fields import Id
from shared.command_fields import FactDate
from shared.errors import Refused
from shared.trust.personal.marks import Code, Identifier

FIXED_TERM: frozenset[Contract] = frozenset({Contract.CDD, Contract.INTERIM})  # their class depends on how long they last

# Events: what happened -----------------------------------------------------------------------------------------------


class JobFound(Struct, frozen=True, tag=True, kw_only=True):
    """The person is hired. `rome` is the occupation in the national register, `evidence` what the coach has seen."""

    person: Identifier
    rank: int
    outcome: Identifier
    contract: Contract
    months: int | None
    weekly_hours: int
    rome: Code | None
    evidence: Evidence
    on: date


class TrainingEntered(Struct, frozen=True, tag=True, kw_only=True):
    """The person begins a training, qualifying or not."""

    person: Identifier
    rank: int
    outcome: Identifier
    kind: TrainingKind
    on: date


class SchoolResumed(Struct, frozen=True, tag=True, kw_only=True):
    """The person is back at school."""

    person: Identifier
    rank: int
    outcome: Identifier
    on: date


class CivicServiceStarted(Struct, frozen=True, tag=True, kw_only=True):
    """The person begins a civic service."""

    person: Identifier
    rank: int
    outcome: Identifier
    on: date


class IntensiveSchemeEntered(Struct, frozen=True, tag=True, kw_only=True):
    """Another intensive scheme takes the person in."""

    person: Identifier
    rank: int
    outcome: Identifier
    scheme: IntensiveScheme
    on: date


class BusinessCreated(Struct, frozen=True, tag=True, kw_only=True):
    """The person's own business exists."""

    person: Identifier
    rank: int
    outcome: Identifier
    on: date


class OutcomeCorrected(Struct, frozen=True, tag=True, kw_only=True):
    """The next event states this outcome again: it was noted wrong, or it grew (REQUALIFICATION), as a CDD becomes a CDI.

    An outcome that grew was reached on the day of its first statement. Any other reason takes the earlier statement back.
    """

    person: Identifier
    rank: int
    outcome: Identifier
    why: CorrectionReason
    on: date


Reached = JobFound | TrainingEntered | SchoolResumed | CivicServiceStarted | IntensiveSchemeEntered | BusinessCreated
Event = Reached | OutcomeCorrected

# State: what is true -------------------------------------------------------------------------------------------------


def evolve(journey: Journey, event: Event) -> Journey:
    before = journey.outcomes.get(event.outcome)
    if isinstance(event, OutcomeCorrected):
        kept = {id: outcome for id, outcome in journey.outcomes.items() if id != event.outcome or grows(event)}
        return replace(journey, outcomes=kept)
    outcome = Outcome(min(event.on, before.reached_on) if before else event.on, event)
    return replace(journey, outcomes={**journey.outcomes, event.outcome: outcome})


def grows(event: OutcomeCorrected) -> bool:
    return event.why is CorrectionReason.REQUALIFICATION


# Commands: what may be requested -------------------------------------------------------------------------------------


class FindJob(Struct, frozen=True, kw_only=True):
    """As all commands of this module: `why` is given if and only if the outcome is recorded already and is stated again."""

    person: Id
    outcome: Id
    contract: Contract
    months: Annotated[int, Meta(ge=1, le=120)] | None = None
    weekly_hours: Annotated[int, Meta(ge=1, le=60)]
    rome: Annotated[str, Meta(pattern="^[A-Z][0-9]{4}$")] | None = None
    evidence: Evidence
    on: FactDate
    why: CorrectionReason | None = None


class EnterTraining(Struct, frozen=True, kw_only=True):
    person: Id
    outcome: Id
    kind: TrainingKind
    on: FactDate
    why: CorrectionReason | None = None


class ResumeSchool(Struct, frozen=True, kw_only=True):
    person: Id
    outcome: Id
    on: FactDate
    why: CorrectionReason | None = None


class StartCivicService(Struct, frozen=True, kw_only=True):
    person: Id
    outcome: Id
    on: FactDate
    why: CorrectionReason | None = None


class EnterIntensiveScheme(Struct, frozen=True, kw_only=True):
    person: Id
    outcome: Id
    scheme: IntensiveScheme
    on: FactDate
    why: CorrectionReason | None = None


class CreateBusiness(Struct, frozen=True, kw_only=True):
    person: Id
    outcome: Id
    on: FactDate
    why: CorrectionReason | None = None


Command = FindJob | EnterTraining | ResumeSchool | StartCivicService | EnterIntensiveScheme | CreateBusiness

# Decisions: what follows ---------------------------------------------------------------------------------------------


def decide(journey: Journey, holder: Journey | None, command: Command) -> list[Event]:
    """The events that a command leads to, for the journey to which a fact of that day belongs.

    `holder` is the journey that has an outcome of this id already: an id is used once in all the journeys of a person.
    """
    event = reached(journey.rank, command)
    if holder is None:
        if command.why is not None:
            raise Refused("outcome_not_recorded")
        return [event]
    if command.why is None:
        raise Refused("outcome_already_known")
    known = holder.outcomes[command.outcome]
    corrected = OutcomeCorrected(person=command.person, rank=holder.rank, outcome=command.outcome, why=command.why, on=command.on)
    if event == known.statement:
        raise Refused("correction_without_change")
    if grows(corrected) and holder.rank != journey.rank:
        raise Refused("outcome_of_another_journey")
    if grows(corrected) and command.on < known.reached_on:
        raise Refused("before_the_outcome")
    return [corrected, event]


def reached(rank: int, command: Command) -> Reached:
    person, outcome, on = command.person, command.outcome, command.on
    match command:
        case FindJob():
            return job_found(rank, command)
        case EnterTraining(kind=kind):
            return TrainingEntered(person=person, rank=rank, outcome=outcome, kind=kind, on=on)
        case ResumeSchool():
            return SchoolResumed(person=person, rank=rank, outcome=outcome, on=on)
        case StartCivicService():
            return CivicServiceStarted(person=person, rank=rank, outcome=outcome, on=on)
        case EnterIntensiveScheme(scheme=scheme):
            return IntensiveSchemeEntered(person=person, rank=rank, outcome=outcome, scheme=scheme, on=on)
        case CreateBusiness():
            return BusinessCreated(person=person, rank=rank, outcome=outcome, on=on)
        case _:
            assert_never(command)


def job_found(rank: int, command: FindJob) -> JobFound:
    if command.contract in FIXED_TERM and command.months is None:
        raise Refused("months_missing")
    if command.contract is Contract.CDI and command.months is not None:
        raise Refused("months_without_end")
    return JobFound(
        person=command.person,
        rank=rank,
        outcome=command.outcome,
        contract=command.contract,
        months=command.months,
        weekly_hours=command.weekly_hours,
        rome=command.rome,
        evidence=command.evidence,
        on=command.on,
    )
