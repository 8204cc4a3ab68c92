"""One journey that goes well: its commands, the events of its stream, and the histories that tests start from.

Opened in January 2023 in Alençon, a job in May, the exit on 30 November, a renewal in Flers in January 2024.
"""

from datetime import date

from services.coaching.coded_values import Contract, CorrectionReason, Evidence, ExitReason, Milestone, NeutralReason
from services.coaching.exits import (
    CorrectExit,
    ExitCorrected,
    ExitJourney,
    ExitNeutralised,
    JourneyExited,
    LiftNeutralisation,
    NeutralisationLifted,
    NeutraliseExit,
)
from services.coaching.follow_up import FollowUpScheduled, ScheduleFollowUps
from services.coaching.opening import JourneyOpened, OpenJourney, ReferentAssigned
from services.coaching.outcomes import FindJob, JobFound
from services.coaching.renewal import GrantRenewal, RenewalGranted
from tests.harness.persons import MET


def day(text: str) -> date:
    return date.fromisoformat(text)


OPENING_DAY, JOB_DAY = day("2023-01-10"), day("2023-05-02")
EXIT_DAY, EXIT_REPORT_DAY = day("2023-11-30"), day("2023-12-01")
GRANT_DAY, RENEWAL_DAY = day("2023-12-10"), day("2024-01-05")

OPEN = OpenJourney(person="p-1", referent="coach-1", orientation="o-1", on=OPENING_DAY, territory="alencon", standing=MET)
OPENED = JourneyOpened(person="p-1", rank=1, orientation="o-1", territory="alencon", on=OPENING_DAY)
ASSIGNED = ReferentAssigned(person="p-1", rank=1, referent="coach-1", on=OPENING_DAY)

FIND_JOB = FindJob(
    person="p-1",
    outcome="job-1",
    contract=Contract.CDD,
    months=6,
    weekly_hours=35,
    rome="K1302",
    evidence=Evidence.CONTRAT,
    on=JOB_DAY,
)
JOB_FOUND = JobFound(
    person="p-1",
    rank=1,
    outcome="job-1",
    contract=Contract.CDD,
    months=6,
    weekly_hours=35,
    rome="K1302",
    evidence=Evidence.CONTRAT,
    on=JOB_DAY,
)

EXIT = ExitJourney(
    person="p-1",
    exit_on=EXIT_DAY,
    reason=ExitReason.OUTCOME,
    outcomes=["job-1"],
    on=EXIT_REPORT_DAY,
    territory="alencon",
)
EXITED = JourneyExited(
    person="p-1",
    rank=1,
    exit_on=EXIT_DAY,
    reason=ExitReason.OUTCOME,
    outcomes=["job-1"],
    orientation="o-1",
    territory="alencon",
    on=EXIT_REPORT_DAY,
)

CORRECTION_DAY = day("2024-01-08")
CORRECT = CorrectExit(
    person="p-1",
    exit_on=day("2023-10-31"),
    reason=ExitReason.OUTCOME,
    outcomes=["job-1"],
    why=CorrectionReason.JUSTIFICATIF,
    on=CORRECTION_DAY,
)
CORRECTED = ExitCorrected(
    person="p-1",
    rank=1,
    supersedes=1,
    exit_on=day("2023-10-31"),
    reason=ExitReason.OUTCOME,
    outcomes=["job-1"],
    why=CorrectionReason.JUSTIFICATIF,
    on=CORRECTION_DAY,
)
NEUTRALISE = NeutraliseExit(person="p-1", reason=NeutralReason.DEMENAGEMENT, on=CORRECTION_DAY)
NEUTRALISED = ExitNeutralised(person="p-1", rank=1, reason=NeutralReason.DEMENAGEMENT, on=CORRECTION_DAY)
RESTORE = LiftNeutralisation(person="p-1", why=CorrectionReason.SAISIE, on=day("2024-01-20"))
RESTORED = NeutralisationLifted(person="p-1", rank=1, why=CorrectionReason.SAISIE, on=day("2024-01-20"))

SCHEDULE = ScheduleFollowUps(person="p-1", rank=1, exit_on=EXIT_DAY, on=EXIT_REPORT_DAY)
M3_SCHEDULED = FollowUpScheduled(
    person="p-1", rank=1, milestone=Milestone.M3, due_on=day("2024-02-29"), window_end=day("2024-03-30"), on=EXIT_REPORT_DAY
)
M6_SCHEDULED = FollowUpScheduled(
    person="p-1", rank=1, milestone=Milestone.M6, due_on=day("2024-05-30"), window_end=day("2024-06-29"), on=EXIT_REPORT_DAY
)

GRANT = GrantRenewal(person="p-1", on=GRANT_DAY)
GRANTED = RenewalGranted(person="p-1", rank=2, on=GRANT_DAY)

RENEW = OpenJourney(person="p-1", referent="coach-2", on=RENEWAL_DAY, territory="flers")
RENEWED = JourneyOpened(person="p-1", rank=2, orientation=None, territory="flers", on=RENEWAL_DAY)
REASSIGNED = ReferentAssigned(person="p-1", rank=2, referent="coach-2", on=RENEWAL_DAY)

SECOND_EXIT_DAY = day("2024-03-01")
SECOND_EXITED = JourneyExited(
    person="p-1",
    rank=2,
    exit_on=SECOND_EXIT_DAY,
    reason=ExitReason.ABANDON,
    outcomes=[],
    orientation=None,
    territory="flers",
    on=SECOND_EXIT_DAY,
)

# Histories, to be given to the aggregate

OPEN_JOURNEY = (OPENED, ASSIGNED)
EXITED_JOURNEY = (*OPEN_JOURNEY, JOB_FOUND, EXITED)
FOLLOWED_JOURNEY = (*EXITED_JOURNEY, M3_SCHEDULED, M6_SCHEDULED)
RENEWED_JOURNEY = (*EXITED_JOURNEY, GRANTED, RENEWED, REASSIGNED)
TWICE_EXITED_JOURNEY = (*RENEWED_JOURNEY, SECOND_EXITED)
