"""What is learnt of a person at the entry: attempts to reach them, the notice of their rights, the profile, the eligibility.

Part of the stream `person-<person>`, whose page is person.py; none of it changes what may happen next.
"""

from datetime import date
from typing import Annotated, Literal, assert_never

from msgspec import Meta, Struct, structs

from services.intake.words import Id, Text
from shared.errors import Refused

Attempt = Literal["JOINT", "ABSENT", "REFUS", "MESSAGE_LAISSE"]
Registration = Literal["NON_INSCRIT", "FRANCE_TRAVAIL", "MISSION_LOCALE", "CAP_EMPLOI"]
Level = Literal["NIVEAU_3_OU_MOINS", "NIVEAU_4", "NIVEAU_5_ET_PLUS", "INCONNU"]
Household = Literal["SEUL", "SEUL_ENFANTS", "COUPLE", "COUPLE_ENFANTS", "AUTRE"]
Verdict = Literal["ELIGIBLE", "NON_ELIGIBLE", "DEROGATION"]

# Events: what happened ---------------------------------------------------------------------------------------------


class ContactAttempted(Struct, frozen=True, tag=True):
    person: str
    outcome: Attempt
    on: date


class NoticeGiven(Struct, frozen=True, tag=True):
    """The information on personal data, in the version that was given."""

    person: str
    version: int
    mode: Literal["ORAL", "ECRIT"]
    on: date


class ProfileRecorded(Struct, frozen=True, tag=True):
    """The profile at entry, as the funders ask for it."""

    person: str
    sex: Literal["F", "M", "AUTRE"]
    birth_year: int
    registration: Registration
    education_level: Level
    disability: bool
    household: Household
    on: date


class EligibilityAssessed(Struct, frozen=True, tag=True):
    person: str
    criteria: list[str]
    verdict: Verdict
    rule_version: int
    evidence_kind: str
    derogation: str | None
    on: date


Event = ContactAttempted | NoticeGiven | ProfileRecorded | EligibilityAssessed

# Commands: what is asked -------------------------------------------------------------------------------------------


class RecordContactAttempt(Struct, frozen=True):
    person: Id
    outcome: Attempt
    on: date


class GiveNotice(Struct, frozen=True):
    person: Id
    version: Annotated[int, Meta(ge=1)]
    mode: Literal["ORAL", "ECRIT"]
    on: date


class RecordProfile(Struct, frozen=True):
    person: Id
    sex: Literal["F", "M", "AUTRE"]
    birth_year: Annotated[int, Meta(ge=1900, le=2100)]
    registration: Registration
    education_level: Level
    disability: bool
    household: Household
    on: date


class AssessEligibility(Struct, frozen=True):
    person: Id
    criteria: list[Text]
    verdict: Verdict
    rule_version: Annotated[int, Meta(ge=1)]
    evidence_kind: Text
    on: date
    derogation: Text | None = None


Command = RecordContactAttempt | GiveNotice | RecordProfile | AssessEligibility

# Decisions: what follows -------------------------------------------------------------------------------------------


def decide(command: Command) -> Event:
    """What follows for a person who was met."""
    match command:
        case RecordContactAttempt(person, outcome, on):
            return ContactAttempted(person, outcome, on)
        case GiveNotice(person, version, mode, on):
            return NoticeGiven(person, version, mode, on)
        case RecordProfile():
            return ProfileRecorded(**structs.asdict(command))
        case AssessEligibility():
            if (command.verdict == "DEROGATION") != (command.derogation is not None):
                raise Refused("derogation_and_verdict_disagree", "A derogation says why; another verdict has none.")
            return EligibilityAssessed(**structs.asdict(command))
        case _:
            assert_never(command)
