"""What is learnt of a person at entry: attempts to reach them, the notice of their rights, the profile, the eligibility.

Part of the aggregate of person.py and of its stream `person-<person>`. None of it changes what may happen next, but for the notice: nothing
personal is recorded before the person was told of their rights (GDPR, article 13).
"""

from datetime import date
from typing import Annotated, assert_never

from msgspec import Struct, structs

from services.intake.coded_values import ContactOutcome, EducationLevel, Household, NoticeMode, Registration, Sex, Verdict
from services.vocabulary.fields import BirthDate, BirthYear, Email, Id, LongText, Phone, ShortText, Version
from shared.command_fields import FactDate
from shared.errors import Refused
from shared.trust.personal.marks import IDENTITY, NOTE, PROFILE, Identifier, Sealed

# Events: what happened -----------------------------------------------------------------------------------------------


class ContactAttempted(Struct, frozen=True, tag=True):
    """A coach tried to reach the person."""

    person: Identifier
    outcome: ContactOutcome
    on: date


class NoticeGiven(Struct, frozen=True, tag=True):
    """The information on personal data, in the version that was given."""

    person: Identifier
    version: int
    mode: NoticeMode
    on: date


class IdentityRecorded(Struct, frozen=True, tag=True):
    """Who the person is, and how to reach them. What is stated last takes the place of what was stated before."""

    person: Identifier
    given_name: Annotated[str | Sealed, IDENTITY]
    family_name: Annotated[str | Sealed, IDENTITY]
    birth_date: Annotated[date | Sealed | None, IDENTITY]
    phone: Annotated[str | Sealed | None, IDENTITY]
    email: Annotated[str | Sealed | None, IDENTITY]
    address: Annotated[str | Sealed | None, IDENTITY]
    on: date


class ProfileRecorded(Struct, frozen=True, tag=True):
    """The profile at entry, as the funders ask for it."""

    person: Identifier
    sex: Annotated[Sex | Sealed, PROFILE]
    birth_year: Annotated[int | Sealed, PROFILE]
    registration: Annotated[Registration | Sealed, PROFILE]
    education_level: Annotated[EducationLevel | Sealed, PROFILE]
    disability: Annotated[bool | Sealed, PROFILE]
    household: Annotated[Household | Sealed, PROFILE]
    on: date


class EligibilityAssessed(Struct, frozen=True, tag=True):
    """The verdict under a version of the rules. A derogation gives its reason; other verdicts have none."""

    person: Identifier
    criteria: Annotated[list[str] | Sealed, NOTE]
    verdict: Verdict
    rule_version: int
    evidence_kind: Annotated[str | Sealed, NOTE]
    derogation: Annotated[str | Sealed | None, NOTE]
    on: date


Event = ContactAttempted | NoticeGiven | IdentityRecorded | ProfileRecorded | EligibilityAssessed

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


class RecordIdentity(Struct, frozen=True):
    person: Id
    given_name: Annotated[ShortText, IDENTITY]
    family_name: Annotated[ShortText, IDENTITY]
    on: FactDate
    birth_date: Annotated[BirthDate, IDENTITY] | None = None
    phone: Annotated[Phone, IDENTITY] | None = None
    email: Annotated[Email, IDENTITY] | None = None
    address: Annotated[LongText, IDENTITY] | None = None


class RecordProfile(Struct, frozen=True):
    person: Id
    sex: Annotated[Sex, PROFILE]
    birth_year: Annotated[BirthYear, PROFILE]
    registration: Annotated[Registration, PROFILE]
    education_level: Annotated[EducationLevel, PROFILE]
    disability: Annotated[bool, PROFILE]
    household: Annotated[Household, PROFILE]
    on: FactDate


class AssessEligibility(Struct, frozen=True):
    person: Id
    criteria: Annotated[list[ShortText], NOTE]
    verdict: Verdict
    rule_version: Version
    evidence_kind: Annotated[ShortText, NOTE]
    on: FactDate
    derogation: Annotated[ShortText, NOTE] | None = None


Command = RecordContactAttempt | GiveNotice | RecordIdentity | RecordProfile | AssessEligibility

# Decisions: what follows ---------------------------------------------------------------------------------------------


def decide(command: Command, *, informed: bool) -> Event:
    """The event that a command leads to, for a person who was met."""
    if isinstance(command, RecordIdentity | RecordProfile) and not informed:
        raise Refused("notice_not_given")
    match command:
        case RecordContactAttempt(person, outcome, on):
            return ContactAttempted(person, outcome, on)
        case GiveNotice(person, version, mode, on):
            return NoticeGiven(person, version, mode, on)
        case RecordIdentity():
            return IdentityRecorded(**structs.asdict(command))
        case RecordProfile():
            return ProfileRecorded(**structs.asdict(command))
        case AssessEligibility():
            if (command.verdict is Verdict.DEROGATION) != (command.derogation is not None):
                raise Refused("derogation_and_verdict_disagree")
            return EligibilityAssessed(**structs.asdict(command))
        case _:
            assert_never(command)
