"""What is learnt of a person at entry: attempts to reach them, the notice of their rights, the profile, the eligibility.

Part of the aggregate of person.py and of its stream `person-<person>`. None of it changes what may happen next.
"""

from datetime import date
from typing import assert_never

from msgspec import Struct, structs

from services.intake.coded_values import ContactOutcome, EducationLevel, Household, NoticeMode, Registration, Sex, Verdict
from services.vocabulary.fields import BirthYear, Id, ShortText, Version
from shared.command_fields import FactDate
from shared.errors import Refused

# Events: what happened -----------------------------------------------------------------------------------------------


class ContactAttempted(Struct, frozen=True, tag=True):
    """A coach tried to reach the person."""

    person: str
    outcome: ContactOutcome
    on: date


class NoticeGiven(Struct, frozen=True, tag=True):
    """The information on personal data, in the version that was given."""

    person: str
    version: int
    mode: NoticeMode
    on: date


class ProfileRecorded(Struct, frozen=True, tag=True):
    """The profile at entry, as the funders ask for it."""

    person: str
    sex: Sex
    birth_year: int
    registration: Registration
    education_level: EducationLevel
    disability: bool
    household: Household
    on: date


class EligibilityAssessed(Struct, frozen=True, tag=True):
    """The verdict under a version of the rules. A derogation gives its reason; other verdicts have none."""

    person: str
    criteria: list[str]
    verdict: Verdict
    rule_version: int
    evidence_kind: str
    derogation: str | None
    on: date


Event = ContactAttempted | NoticeGiven | ProfileRecorded | EligibilityAssessed

# Commands: what may be requested -------------------------------------------------------------------------------------


class RecordContactAttempt(Struct, frozen=True):
    person: Id
    outcome: ContactOutcome
    on: FactDate


class GiveNotice(Struct, frozen=True):
    person: Id
    version: Version
    mode: NoticeMode
    on: FactDate


class RecordProfile(Struct, frozen=True):
    person: Id
    sex: Sex
    birth_year: BirthYear
    registration: Registration
    education_level: EducationLevel
    disability: bool
    household: Household
    on: FactDate


class AssessEligibility(Struct, frozen=True):
    person: Id
    criteria: list[ShortText]
    verdict: Verdict
    rule_version: Version
    evidence_kind: ShortText
    on: FactDate
    derogation: ShortText | None = None


Command = RecordContactAttempt | GiveNotice | RecordProfile | AssessEligibility

# Decisions: what follows ---------------------------------------------------------------------------------------------


def decide(command: Command) -> Event:
    """The event that a command leads to, for a person who was met."""
    match command:
        case RecordContactAttempt(person, outcome, on):
            return ContactAttempted(person, outcome, on)
        case GiveNotice(person, version, mode, on):
            return NoticeGiven(person, version, mode, on)
        case RecordProfile():
            return ProfileRecorded(**structs.asdict(command))
        case AssessEligibility():
            if (command.verdict is Verdict.DEROGATION) != (command.derogation is not None):
                raise Refused("derogation_and_verdict_disagree")
            return EligibilityAssessed(**structs.asdict(command))
        case _:
            assert_never(command)
