"""The intake service, described: everything about it that others must know."""

from services.intake import orientation, person
from services.intake.entry import (
    AssessEligibility,
    ContactAttempted,
    EligibilityAssessed,
    GiveNotice,
    IdentityRecorded,
    NoticeGiven,
    ProfileRecorded,
    RecordContactAttempt,
    RecordIdentity,
    RecordProfile,
)
from services.intake.forms import FORMS
from services.intake.french import REFUSALS, SENTENCES
from services.intake.merging import MergePersons, SeparatePersons
from services.intake.orientation import AcceptOrientation, DeclineOrientation, ReceiveOrientation
from services.intake.person import (
    CloseContact,
    CoachingStarted,
    ContactClosed,
    DestroyPersonKey,
    IdentifyPerson,
    StartCoaching,
    TransferPerson,
)
from services.intake.policies import POLICIES
from services.intake.titles import TITLES
from services.vocabulary.reasons import BY_POLICY, NO_PAGE_YET, NOT_COUNTED, OTHER_ROLE
from services.vocabulary.roles import BY_COACH, BY_COORDINATOR, BY_DPO, BY_PRESCRIBER, BY_SYSTEM
from shared.description import ServiceDescription

DESCRIPTION = ServiceDescription(
    name="intake",
    nameko_service="services.intake.service:Intake",
    streams=("person-", "orientation-"),
    aggregates=(person.decider, orientation.decider),
    policies=POLICIES,
    permissions={
        IdentifyPerson: BY_COACH,
        RecordContactAttempt: BY_COACH,
        GiveNotice: BY_COACH,
        RecordIdentity: BY_COACH,
        RecordProfile: BY_COACH,
        AssessEligibility: BY_COACH,
        CloseContact: BY_COACH,
        StartCoaching: BY_SYSTEM,
        TransferPerson: BY_COACH,
        MergePersons: BY_COORDINATOR,
        SeparatePersons: BY_COORDINATOR,
        DestroyPersonKey: BY_DPO,
        ReceiveOrientation: BY_PRESCRIBER,
        AcceptOrientation: BY_COACH,
        DeclineOrientation: BY_COACH,
    },
    titles=TITLES,
    sentences=SENTENCES,
    refusals=REFUSALS,
    forms=FORMS,
    without_form={
        RecordProfile: NO_PAGE_YET,
        AssessEligibility: NO_PAGE_YET,
        CloseContact: NO_PAGE_YET,
        AcceptOrientation: NO_PAGE_YET,
        DeclineOrientation: NO_PAGE_YET,
        TransferPerson: NO_PAGE_YET,
        MergePersons: OTHER_ROLE,
        SeparatePersons: OTHER_ROLE,
        DestroyPersonKey: OTHER_ROLE,
        ReceiveOrientation: OTHER_ROLE,
        StartCoaching: BY_POLICY,
    },
    unread_events={
        ContactAttempted: NOT_COUNTED,
        NoticeGiven: NOT_COUNTED,
        IdentityRecorded: "no figure counts who somebody is",
        ProfileRecorded: NOT_COUNTED,
        EligibilityAssessed: NOT_COUNTED,
        ContactClosed: NOT_COUNTED,
        CoachingStarted: "it repeats coaching.JourneyOpened, which is read",
    },
)
