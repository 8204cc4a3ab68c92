"""What a person reaches during a journey: a job, a training, school, a business…

Events hold the outcome itself. Its class (positive, dynamic…) is not decided here: reporting computes it from versioned
definitions. Part of the aggregate of journey.py and of its stream `journey-<person>`.
"""

from datetime import date
from typing import Annotated, assert_never

from msgspec import Meta, Struct
from msgspec.structs import replace

from services.coaching.coded_values import Contract, Evidence, IntensiveScheme, TrainingKind
from services.coaching.progress import Journey
from services.vocabulary.fields import Id
from shared.command_fields import FactDate
from shared.errors import Refused

FIXED_TERM: frozenset[Contract] = frozenset({Contract.CDD, Contract.INTERIM})  # their class depends on how long they last

# Events: what happened -----------------------------------------------------------------------------------------------


class JobFound(Struct, frozen=True, tag=True, kw_only=True):
    """The person is hired. `rome` is the occupation in the national register, `evidence` what the coach has seen."""

    person: str
    rank: int
    outcome: str
    contract: Contract
    months: int | None
    weekly_hours: int
    rome: str | None
    evidence: Evidence
    on: date


class TrainingEntered(Struct, frozen=True, tag=True, kw_only=True):
    """The person begins a training, qualifying or not."""

    person: str
    rank: int
    outcome: str
    kind: TrainingKind
    on: date


class SchoolResumed(Struct, frozen=True, tag=True, kw_only=True):
    """The person is back at school."""

    person: str
    rank: int
    outcome: str
    on: date


class CivicServiceStarted(Struct, frozen=True, tag=True, kw_only=True):
    """The person begins a civic service."""

    person: str
    rank: int
    outcome: str
    on: date


class IntensiveSchemeEntered(Struct, frozen=True, tag=True, kw_only=True):
    """Another intensive scheme takes the person in."""

    person: str
    rank: int
    outcome: str
    scheme: IntensiveScheme
    on: date


class BusinessCreated(Struct, frozen=True, tag=True, kw_only=True):
    """The person's own business exists."""

    person: str
    rank: int
    outcome: str
    on: date


Event = JobFound | TrainingEntered | SchoolResumed | CivicServiceStarted | IntensiveSchemeEntered | BusinessCreated

# State: what is true -------------------------------------------------------------------------------------------------


def evolve(journey: Journey, event: Event) -> Journey:
    reached = {event.outcome}
    return replace(journey, outcomes=journey.outcomes | reached, known_outcomes=journey.known_outcomes | reached)


# Commands: what may be requested -------------------------------------------------------------------------------------


class FindJob(Struct, frozen=True, kw_only=True):
    person: Id
    outcome: Id
    contract: Contract
    months: Annotated[int, Meta(ge=1, le=120)] | None = None
    weekly_hours: Annotated[int, Meta(ge=1, le=60)]
    rome: Annotated[str, Meta(pattern="^[A-Z][0-9]{4}$")] | None = None
    evidence: Evidence
    on: FactDate


class EnterTraining(Struct, frozen=True, kw_only=True):
    person: Id
    outcome: Id
    kind: TrainingKind
    on: FactDate


class ResumeSchool(Struct, frozen=True, kw_only=True):
    person: Id
    outcome: Id
    on: FactDate


class StartCivicService(Struct, frozen=True, kw_only=True):
    person: Id
    outcome: Id
    on: FactDate


class EnterIntensiveScheme(Struct, frozen=True, kw_only=True):
    person: Id
    outcome: Id
    scheme: IntensiveScheme
    on: FactDate


class CreateBusiness(Struct, frozen=True, kw_only=True):
    person: Id
    outcome: Id
    on: FactDate


Command = FindJob | EnterTraining | ResumeSchool | StartCivicService | EnterIntensiveScheme | CreateBusiness

# Decisions: what follows ---------------------------------------------------------------------------------------------


def decide(journey: Journey, command: Command) -> Event:
    """The event that a command leads to, in a journey that was open that day."""
    if command.outcome in journey.known_outcomes:
        raise Refused("outcome_already_known")
    rank, person, outcome, on = journey.rank, command.person, command.outcome, command.on
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
