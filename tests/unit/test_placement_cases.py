"""The table of `test_placement.py`: each command about somebody, with the history that it needs and a transfer to Flers."""

from collections.abc import Callable
from datetime import date
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from services.bootstrap.registry import SERVICES

MOBILITY = "mobilite--acceder-a-un-vehicule"
Data = Callable[[str], dict[str, Any]]


def day(text: str) -> date:
    return date.fromisoformat(f"2024-{text}")


TODAY = day("05-15")  # when each command is sent; the transfer was on 1 May
TRANSFER_DAY = day("05-01")


class Step(Struct, frozen=True):
    """One command: its data for a person, who gives it, and on which day."""

    command: str
    data: Data
    day: date = TODAY
    role: str = "coach"
    organisation: str = "etape"


class Case(Struct, frozen=True):
    """A command with what must have happened before. Without `transfer`, its subject is no person and stays where it is."""

    step: Step
    history: tuple[Step, ...]
    transfer: tuple[Step, ...] = ()
    refused_after_transfer: tuple[str, ...] = ("followed_elsewhere",)
    after_transfer: Step | None = None

    @property
    def step_after_transfer(self) -> Step:
        return self.after_transfer or self.step


def about(person: str, **more: Any) -> dict[str, Any]:
    return {"person": person, **more}


LIST = Step("ListPartner", lambda p: {"partner": "cap", "label": "Cap emploi", "services": ["accompagnement"]}, day("01-02"), "coordinator")
IDENTIFY = Step("IdentifyPerson", lambda p: about(p, channel="RUE", place="Marché", radar="SUIVI"), day("01-10"))
IDENTIFY_OTHER = Step("IdentifyPerson", lambda p: about(f"{p}-b", channel="RUE", place="Marché", radar="SUIVI"), day("01-10"))
RECEIVE = Step(
    "ReceiveOrientation",
    lambda p: {"orientation": p, "person": p, "kind": "CCAS", "needs": [], "urgency": False, "consent": True},
    day("01-11"),
    "prescriber",
    "ccas",
)
OPEN = Step("OpenJourney", lambda p: about(p, referent="c-1"), day("01-12"))
JOB = Step("FindJob", lambda p: about(p, outcome="o-1", contract="CDI", weekly_hours=35, evidence="CONTRAT"), day("02-01"))
BARRIER = Step("IdentifyBarrier", lambda p: about(p, thematique=MOBILITY), day("02-01"))
EXIT = Step("ExitJourney", lambda p: about(p, exit_on="2024-02-15", reason="DEMANDE", outcomes=[]), day("02-15"))
NEUTRALISE = Step("NeutraliseExit", lambda p: about(p, reason="DEMENAGEMENT"), day("03-01"), "coordinator")
SCHEDULE_FOLLOW_UPS = Step("ScheduleFollowUps", lambda p: about(p, rank=1, exit_on="2024-02-15"), day("02-15"), "system")
WORKSHOP = Step(
    "ScheduleWorkshop",
    lambda p: {"workshop": p, "kind": "CV", "thematique": MOBILITY, "capacity": 5, "held_on": "2024-05-15"},
    day("02-01"),
)
SEAT = Step("TakeSeat", lambda p: {"workshop": p, "person": p}, day("02-02"))
ATTEND = Step("AttendWorkshop", lambda p: {"workshop": p, "person": p, "walk_in": False})
LEND = Step("LendEquipment", lambda p: {"serial": p, "person": p, "until": "2025-01-01"}, day("02-02"))
SEND = Step(
    "SendReferral", lambda p: about(p, referral="r-1", partner="cap", thematique=MOBILITY, consent="c-1", shared_fields=[]), day("02-02")
)
ACCEPT_REFERRAL = Step("AcceptReferral", lambda p: about(p, referral="r-1"), day("02-03"), "partner", "cap")
TRANSFER_JOURNEY = Step("TransferJourney", lambda p: about(p, to_territory="flers"), TRANSFER_DAY)
TRANSFER_PERSON = Step("TransferPerson", lambda p: about(p, to_territory="flers"), TRANSFER_DAY)
MERGE = Step("MergePersons", lambda p: {"kept": f"{p}-b", "merged": p}, day("02-01"), "coordinator")

TASK = Step(
    "OpenTask",
    lambda p: {"task": p, "policy": "a policy", "cause": 1, "kind": "intake.OrientationAccepted", "code": "person_unknown", "details": {}},
    day("02-01"),
    "system",
)

NOTICE = Step("GiveNotice", lambda p: about(p, version=1, mode="ORAL"), day("01-10"))

MET, COACHED = (IDENTIFY,), (IDENTIFY, OPEN)
LEFT = (*COACHED, EXIT, SCHEDULE_FOLLOW_UPS)


def at_intake(command: str, *history: Step, role: str = "coach", **data: Any) -> Case:
    return Case(Step(command, lambda p: about(p, **data), role=role), (*MET, *history), (TRANSFER_PERSON,))


def during_journey(command: str, *history: Step, role: str = "coach", **data: Any) -> Case:
    return Case(Step(command, lambda p: about(p, **data), role=role), (*COACHED, *history), (TRANSFER_JOURNEY,))


def after_exit(command: str, *history: Step, role: str = "coach", **data: Any) -> Case:
    return Case(Step(command, lambda p: about(p, **data), role=role), (*LEFT, *history), (TRANSFER_PERSON,))


def in_workshop(command: str, *history: Step, **data: Any) -> Case:
    return Case(Step(command, lambda p: {"workshop": p, **data}), (IDENTIFY, WORKSHOP, *history))


def of_seat(command: str, *history: Step, **data: Any) -> Case:
    return Case(Step(command, lambda p: {"workshop": p, "person": p, **data}), (IDENTIFY, WORKSHOP, *history))


def of_task(command: str, **data: Any) -> Case:
    return Case(Step(command, lambda p: {"task": p, **data}), (TASK,))


def by_partner(command: str, *history: Step, **data: Any) -> Case:
    """A partner answers where the referral was sent, wherever the person is followed since."""
    return Case(Step(command, lambda p: about(p, referral="r-1", **data), role="partner", organisation="cap"), (IDENTIFY, SEND, *history))


PROFILE: dict[str, Any] = {
    "sex": "F",
    "birth_year": 1990,
    "registration": "NON_INSCRIT",
    "education_level": "INCONNU",
    "disability": False,
    "household": "SEUL",
}
ASSESSMENT: dict[str, Any] = {"criteria": [], "verdict": "ELIGIBLE", "rule_version": 1, "evidence_kind": "DECLARATION"}

CASES = (
    at_intake("RecordContactAttempt", outcome="JOINT"),
    at_intake("GiveNotice", version=1, mode="ORAL"),
    at_intake("RecordIdentity", NOTICE, given_name="Awa", family_name="Diallo"),
    at_intake("RecordProfile", NOTICE, **PROFILE),
    at_intake("AssessEligibility", **ASSESSMENT),
    at_intake("CloseContact", reason="REFUS"),
    at_intake("DestroyPersonKey", role="dpo", basis="DEMANDE"),
    Case(
        replace(TRANSFER_PERSON, day=TODAY),
        MET,
        (TRANSFER_PERSON,),
        after_transfer=Step("TransferPerson", lambda p: about(p, to_territory="argentan")),
    ),
    Case(replace(MERGE, day=TODAY), (IDENTIFY, IDENTIFY_OTHER), (TRANSFER_PERSON,)),
    Case(Step("SeparatePersons", lambda p: {"kept": f"{p}-b", "merged": p}, role="coordinator"), (IDENTIFY, IDENTIFY_OTHER, MERGE)),
    Case(Step("AcceptOrientation", lambda p: {"orientation": p, "referent": "c-1"}), (IDENTIFY, RECEIVE)),
    Case(Step("DeclineOrientation", lambda p: {"orientation": p, "reason": "REFUS", "proposed_action": "Un point"}), (IDENTIFY, RECEIVE)),
    Case(replace(OPEN, day=TODAY), MET, (TRANSFER_PERSON,)),
    during_journey("ReplaceReferent", role="coordinator", referent="c-2", reason="ABSENCE"),
    Case(
        replace(TRANSFER_JOURNEY, day=TODAY),
        COACHED,
        (TRANSFER_JOURNEY,),
        after_transfer=Step("TransferJourney", lambda p: about(p, to_territory="argentan")),
    ),
    during_journey("CompleteDiagnostic", constraints={MOBILITY: "OUI"}),
    during_journey("IdentifyBarrier", thematique=MOBILITY),
    during_journey("LiftBarrier", BARRIER, thematique=MOBILITY),
    during_journey("HoldInterview", mode="VISIO", minutes=30),
    during_journey("FindJob", outcome="o-1", contract="CDI", weekly_hours=35, evidence="CONTRAT"),
    during_journey("EnterTraining", outcome="o-1", kind="QUALIFIANTE"),
    during_journey("ResumeSchool", outcome="o-1"),
    during_journey("StartCivicService", outcome="o-1"),
    during_journey("EnterIntensiveScheme", outcome="o-1", scheme="CEJ"),
    during_journey("CreateBusiness", outcome="o-1"),
    during_journey("ExitJourney", exit_on="2024-05-15", reason="DEMANDE", outcomes=[]),
    after_exit("CorrectExit", exit_on="2024-02-14", reason="DEMANDE", outcomes=[], why="SAISIE"),
    after_exit("NeutraliseExit", role="coordinator", reason="DECES"),
    after_exit("LiftNeutralisation", NEUTRALISE, role="coordinator", why="SAISIE"),
    after_exit("GrantRenewal", role="coordinator"),
    after_exit("DenyRenewal", role="coordinator", reason="SANS_ADHESION", proposed_action="Un point"),
    after_exit("CompleteFollowUp", rank=1, milestone="M3", situation="EMPLOI", still_in_outcome=True, channel="SMS"),
    after_exit("RecordUnreachable", rank=1, milestone="M3"),
    after_exit("IssueSurveyTicket", rank=1, moment="EXIT"),
    of_seat("TakeSeat"),
    of_seat("ReleaseSeat", SEAT, reason="DEMANDE"),
    of_seat("AttendWorkshop", SEAT, walk_in=False),
    of_seat("MissWorkshop", SEAT, excused=True),
    of_seat("WithdrawAttendance", SEAT, ATTEND, why="SAISIE"),
    in_workshop("CloseWorkshop"),
    Case(Step("LendEquipment", lambda p: {"serial": p, "person": p, "until": "2025-01-01"}), MET, (TRANSFER_PERSON,)),
    Case(Step("ReturnEquipment", lambda p: {"serial": p, "working": True}), (*MET, LEND), (TRANSFER_PERSON,)),
    Case(Step("BuyOutEquipment", lambda p: {"serial": p, "person": p, "price_cents": 100}), (*MET, LEND), (TRANSFER_PERSON,)),
    Case(replace(SEND, day=TODAY), MET, (TRANSFER_PERSON,)),
    Case(Step("WithdrawReferral", lambda p: about(p, referral="r-1", reason="DEMANDE")), (*MET, SEND), (TRANSFER_PERSON,)),
    of_task("RetryTask"),
    of_task("CompleteTask", note="Le parcours est ouvert."),
    by_partner("SeeReferral"),
    by_partner("AcceptReferral"),
    by_partner("DeclineReferral", reason="absent"),
    by_partner("CompleteReferral", ACCEPT_REFERRAL, result="EMPLOI"),
)

WITHOUT_SUBJECT = {"IdentifyPerson", "ReceiveOrientation", "ScheduleWorkshop", "ListPartner", "AnswerSurvey"}
"""Commands with which a subject begins to stand, in the territory that the sender names; the survey's ticket names its own."""

PROGRAMME_WIDE = {"PublishDefinitions", "SetTarget", "ReleaseCell", "SetFactAside", "ApproveSettingAside"}
"""Decisions of the coordinator about the whole programme."""

OF_NO_PERSON = frozenset({*SERVICES["webhooks"].commands, *SERVICES["accounts"].commands})
"""Commands about an address of their sender, who may stand anywhere."""
