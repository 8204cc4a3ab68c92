"""Who may do what: one literal table, (role, action) -> scope. What is not here is forbidden.

`territory` is where the actor works; `own` and `addressee` compare the actor with what it asks for: the decider does it for a
command, the gateway for a reading. A reading of the whole programme, `all`, is open to whoever may read one territory of it: it
is then masked like any committee's figure.
"""

from collections.abc import Mapping

from shared.trust.permissions import Scope

Roles = Mapping[str, Scope]

COACH: Roles = {"coach": "territory", "coordinator": "all", "system": "all"}
COORDINATOR: Roles = {"coordinator": "all", "system": "all"}
PRESCRIBER: Roles = {"prescriber": "own", "system": "all"}
PARTNER: Roles = {"partner": "addressee", "system": "all"}
SYSTEM: Roles = {"system": "all"}

ACTIONS: Mapping[str, Roles] = {
    # Intake
    "IdentifyPerson": COACH,
    "RecordContactAttempt": COACH,
    "GiveNotice": COACH,
    "RecordProfile": COACH,
    "AssessEligibility": COACH,
    "CloseContact": COACH,
    "StartCoaching": SYSTEM,
    "MergePersons": COORDINATOR,
    "DestroyPersonKey": {"dpo": "all", "system": "all"},
    "ReceiveOrientation": PRESCRIBER,
    "AcceptOrientation": COACH,
    "DeclineOrientation": COACH,
    # Coaching
    "OpenJourney": COACH,
    "ReplaceReferent": COORDINATOR,
    "TransferJourney": COACH,
    "CompleteDiagnostic": COACH,
    "IdentifyBarrier": COACH,
    "LiftBarrier": COACH,
    "HoldInterview": COACH,
    "FindJob": COACH,
    "EnterTraining": COACH,
    "ResumeSchool": COACH,
    "StartCivicService": COACH,
    "EnterIntensiveScheme": COACH,
    "CreateBusiness": COACH,
    "ExitJourney": COACH,
    "CorrectExit": COACH,
    "NeutraliseExit": COORDINATOR,
    "GrantRenewal": COORDINATOR,
    "DenyRenewal": COORDINATOR,
    "ScheduleFollowUps": SYSTEM,
    "CompleteFollowUp": COACH,
    "RecordUnreachable": COACH,
    "ScheduleWorkshop": COACH,
    "TakeSeat": COACH,
    "ReleaseSeat": COACH,
    "AttendWorkshop": COACH,
    "MissWorkshop": COACH,
    "CloseWorkshop": COACH,
    "LendEquipment": COACH,
    "ReturnEquipment": COACH,
    "BuyOutEquipment": COACH,
    "AnswerSurvey": {"participant": "all", "coach": "territory", "coordinator": "all", "system": "all"},
    # Referrals
    "SendReferral": COACH,
    "WithdrawReferral": COACH,
    "WithdrawOpenReferrals": SYSTEM,
    "SeeReferral": PARTNER,
    "AcceptReferral": PARTNER,
    "DeclineReferral": PARTNER,
    "CompleteReferral": PARTNER,
    "ListPartner": COORDINATOR,
    "InformPrescriber": SYSTEM,
    # Reports
    "PublishDefinitions": COORDINATOR,
    "SetTarget": COORDINATOR,
    "ReleaseCell": COORDINATOR,
    # Readings
    "read_events": {
        "coach": "territory",
        "coordinator": "all",
        "prescriber": "own",
        "partner": "addressee",
        "auditor": "all",
        "dpo": "all",
        "participant": "own",
        "system": "all",
    },
    "read_timeline": {"coach": "territory", "coordinator": "all", "auditor": "all", "dpo": "all", "participant": "own", "system": "all"},
    "read_indicators": {
        "coach": "territory",
        "coordinator": "all",
        "prescriber": "territory",
        "partner": "territory",
        "committee": "territory",
        "funder": "all",
        "auditor": "all",
        "dpo": "all",
        "system": "all",
    },
    "read_evidence": {
        "coach": "territory",
        "coordinator": "all",
        "committee": "territory",
        "auditor": "all",
        "dpo": "all",
        "system": "all",
    },
    "follow_feed": {
        "coach": "territory",
        "coordinator": "all",
        "prescriber": "territory",
        "partner": "territory",
        "committee": "territory",
        "funder": "all",
        "auditor": "all",
        "dpo": "all",
        "participant": "own",
        "system": "all",
    },
}

TABLE: Mapping[tuple[str, str], Scope] = {(role, action): scope for action, roles in ACTIONS.items() for role, scope in roles.items()}
