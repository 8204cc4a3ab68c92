"""What a person reaches during a journey: a job, a training, school, a business…

Events keep the fine outcome. No class (positive, dynamic…) is decided here: classes are computed by reporting, from versioned
definitions. Part of the stream `journey-<person>`, whose page is journey.py.
"""

from datetime import date
from typing import Annotated, Literal, assert_never

from msgspec import Meta, Struct
from msgspec.structs import replace

from services.coaching.progress import Journey
from services.coaching.words import Id
from shared.errors import Refused

Contract = Literal["CDI", "CDD", "INTERIM", "ALTERNANCE", "TITULARISATION", "CONTRAT_AIDE", "SIAE"]
Evidence = Literal["CONTRAT", "FICHE_DE_PAIE", "ATTESTATION", "DECLARATION"]
Training = Literal["QUALIFIANTE", "PRE_QUALIFIANTE"]
Scheme = Literal["CEJ", "EPIDE", "E2C", "AUTRE"]

FIXED_TERM: frozenset[Contract] = frozenset({"CDD", "INTERIM"})  # their class depends on how long they last

# Events: what happened ---------------------------------------------------------------------------------------------


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
    kind: Training
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
    scheme: Scheme
    on: date


class BusinessCreated(Struct, frozen=True, tag=True, kw_only=True):
    """The person's own business exists."""

    person: str
    rank: int
    outcome: str
    on: date


Event = JobFound | TrainingEntered | SchoolResumed | CivicServiceStarted | IntensiveSchemeEntered | BusinessCreated

# State: what is true -----------------------------------------------------------------------------------------------


def evolve(journey: Journey, event: Event) -> Journey:
    reached = {event.outcome}
    return replace(journey, outcomes=journey.outcomes | reached, known_outcomes=journey.known_outcomes | reached)


# Commands: what is asked -------------------------------------------------------------------------------------------


class FindJob(Struct, frozen=True, kw_only=True):
    person: Id
    outcome: Id
    contract: Contract
    months: Annotated[int, Meta(ge=1, le=120)] | None = None
    weekly_hours: Annotated[int, Meta(ge=1, le=60)]
    rome: Annotated[str, Meta(pattern="^[A-Z][0-9]{4}$")] | None = None
    evidence: Evidence
    on: date


class EnterTraining(Struct, frozen=True, kw_only=True):
    person: Id
    outcome: Id
    kind: Training
    on: date


class ResumeSchool(Struct, frozen=True, kw_only=True):
    person: Id
    outcome: Id
    on: date


class StartCivicService(Struct, frozen=True, kw_only=True):
    person: Id
    outcome: Id
    on: date


class EnterIntensiveScheme(Struct, frozen=True, kw_only=True):
    person: Id
    outcome: Id
    scheme: Scheme
    on: date


class CreateBusiness(Struct, frozen=True, kw_only=True):
    person: Id
    outcome: Id
    on: date


Command = FindJob | EnterTraining | ResumeSchool | StartCivicService | EnterIntensiveScheme | CreateBusiness

# Decisions: what follows -------------------------------------------------------------------------------------------


def decide(journey: Journey, command: Command) -> Event:
    """What follows in a journey that was open that day."""
    if command.outcome in journey.known_outcomes:
        raise Refused("outcome_already_known", "An outcome of this person already has this id.")
    rank, person, outcome, on = journey.rank, command.person, command.outcome, command.on
    match command:
        case FindJob():
            return found(rank, command)
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


def found(rank: int, command: FindJob) -> JobFound:
    if command.contract in FIXED_TERM and command.months is None:
        raise Refused("months_missing", "A fixed-term or temporary contract says how many months it lasts.")
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
