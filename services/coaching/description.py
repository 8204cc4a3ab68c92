"""The coaching service, described: everything about it that others must know."""

from services.coaching import equipment, journey, survey, workshop
from services.coaching.attendance import AttendWorkshop, MissWorkshop, WithdrawAttendance
from services.coaching.equipment import BuyOutEquipment, LendEquipment, ReturnEquipment
from services.coaching.exits import CorrectExit, ExitJourney, LiftNeutralisation, NeutraliseExit
from services.coaching.follow_up import CompleteFollowUp, RecordUnreachable, ScheduleFollowUps
from services.coaching.forms import FORMS
from services.coaching.french import REFUSALS, SENTENCES
from services.coaching.handover import ReplaceReferent, TransferJourney
from services.coaching.opening import JoinOrientation, OpenJourney, OrientationJoined
from services.coaching.outcomes import (
    CreateBusiness,
    EnterIntensiveScheme,
    EnterTraining,
    FindJob,
    OutcomeCorrected,
    ResumeSchool,
    StartCivicService,
)
from services.coaching.policies import POLICIES
from services.coaching.progress import CompleteDiagnostic, HoldInterview, IdentifyBarrier, LiftBarrier
from services.coaching.renewal import DenyRenewal, GrantRenewal, RenewalDenied, RenewalGranted
from services.coaching.survey import AnswerSurvey
from services.coaching.survey_tickets import IssueSurveyTicket
from services.coaching.titles import TITLES
from services.coaching.workshop import CloseWorkshop, ReleaseSeat, ScheduleWorkshop, TakeSeat
from services.vocabulary.reasons import BY_POLICY, NO_PAGE_YET, NOT_COUNTED, OTHER_ROLE
from services.vocabulary.roles import BY_COACH, BY_COORDINATOR, BY_PARTICIPANT, BY_SYSTEM
from shared.description import ServiceDescription

DESCRIPTION = ServiceDescription(
    name="coaching",
    nameko_service="services.coaching.service:Coaching",
    streams=("journey-", "workshop-", "equipment-", "survey-"),
    aggregates=(journey.decider, workshop.decider, equipment.decider, survey.decider),
    policies=POLICIES,
    permissions={
        OpenJourney: BY_COACH,
        JoinOrientation: BY_SYSTEM,
        ReplaceReferent: BY_COORDINATOR,
        TransferJourney: BY_COACH,
        CompleteDiagnostic: BY_COACH,
        IdentifyBarrier: BY_COACH,
        LiftBarrier: BY_COACH,
        HoldInterview: BY_COACH,
        FindJob: BY_COACH,
        EnterTraining: BY_COACH,
        ResumeSchool: BY_COACH,
        StartCivicService: BY_COACH,
        EnterIntensiveScheme: BY_COACH,
        CreateBusiness: BY_COACH,
        ExitJourney: BY_COACH,
        CorrectExit: BY_COACH,
        NeutraliseExit: BY_COORDINATOR,
        LiftNeutralisation: BY_COORDINATOR,
        GrantRenewal: BY_COORDINATOR,
        DenyRenewal: BY_COORDINATOR,
        ScheduleFollowUps: BY_SYSTEM,
        CompleteFollowUp: BY_COACH,
        RecordUnreachable: BY_COACH,
        ScheduleWorkshop: BY_COACH,
        TakeSeat: BY_COACH,
        ReleaseSeat: BY_COACH,
        AttendWorkshop: BY_COACH,
        MissWorkshop: BY_COACH,
        WithdrawAttendance: BY_COACH,
        CloseWorkshop: BY_COACH,
        LendEquipment: BY_COACH,
        ReturnEquipment: BY_COACH,
        BuyOutEquipment: BY_COACH,
        IssueSurveyTicket: BY_COACH,
        AnswerSurvey: BY_PARTICIPANT,
    },
    titles=TITLES,
    sentences=SENTENCES,
    refusals=REFUSALS,
    forms=FORMS,
    without_form={
        TransferJourney: NO_PAGE_YET,
        CompleteDiagnostic: NO_PAGE_YET,
        ResumeSchool: NO_PAGE_YET,
        StartCivicService: NO_PAGE_YET,
        EnterIntensiveScheme: NO_PAGE_YET,
        CorrectExit: NO_PAGE_YET,
        CompleteFollowUp: NO_PAGE_YET,
        RecordUnreachable: NO_PAGE_YET,
        ScheduleWorkshop: NO_PAGE_YET,
        TakeSeat: NO_PAGE_YET,
        ReleaseSeat: NO_PAGE_YET,
        AttendWorkshop: NO_PAGE_YET,
        MissWorkshop: NO_PAGE_YET,
        WithdrawAttendance: NO_PAGE_YET,
        CloseWorkshop: NO_PAGE_YET,
        LendEquipment: NO_PAGE_YET,
        ReturnEquipment: NO_PAGE_YET,
        BuyOutEquipment: NO_PAGE_YET,
        ReplaceReferent: OTHER_ROLE,
        NeutraliseExit: OTHER_ROLE,
        LiftNeutralisation: OTHER_ROLE,
        GrantRenewal: OTHER_ROLE,
        DenyRenewal: OTHER_ROLE,
        IssueSurveyTicket: "POST /v1/survey-tickets gives it, and answers with the ticket",
        AnswerSurvey: "a participant answers with a ticket and without a session",
        ScheduleFollowUps: BY_POLICY,
        JoinOrientation: BY_POLICY,
    },
    unread_events={
        OrientationJoined: NOT_COUNTED,
        OutcomeCorrected: "the facts hold the outcome as its next event states it",
        RenewalGranted: NOT_COUNTED,
        RenewalDenied: NOT_COUNTED,
    },
)
