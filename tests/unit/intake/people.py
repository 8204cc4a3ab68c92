"""One person at intake: the commands, the events that record them, and the histories that tests start from."""

from datetime import date

from services.intake.coded_values import (
    Channel,
    ClosingReason,
    ContactOutcome,
    EducationLevel,
    ErasureBasis,
    Household,
    NoticeMode,
    Radar,
    Registration,
    Sex,
    Verdict,
)
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
from services.intake.merging import MergePersons, PersonsMerged
from services.intake.neighbourhood import Qpv, QpvGiven
from services.intake.person import (
    CloseContact,
    CoachingStarted,
    ContactClosed,
    DestroyPersonKey,
    IdentifyPerson,
    PersonIdentified,
    PersonKeyDestroyed,
    StartCoaching,
)
from tests.harness.persons import MET

DAY = date(2023, 3, 1)
PERSEIGNE = Qpv(2015, "Perseigne")

IDENTIFY = IdentifyPerson(
    person="p-1", channel=Channel.RUE, place="Marché", radar=Radar.NON_INSCRIT, on=DAY, territory="alencon", qpv=QpvGiven(2015, "Perseigne")
)
IDENTIFIED = PersonIdentified(
    person="p-1", channel=Channel.RUE, place="Marché", territory="alencon", qpv=PERSEIGNE, radar=Radar.NON_INSCRIT, on=DAY
)
ATTEMPT = RecordContactAttempt(person="p-1", outcome=ContactOutcome.ABSENT, on=DAY)
ATTEMPTED = ContactAttempted(person="p-1", outcome=ContactOutcome.ABSENT, on=DAY)
NOTICE = GiveNotice(person="p-1", version=1, mode=NoticeMode.ORAL, on=DAY)
NOTICE_GIVEN = NoticeGiven(person="p-1", version=1, mode=NoticeMode.ORAL, on=DAY)
WHO = RecordIdentity(person="p-1", given_name="Awa", family_name="Diallo", on=DAY, birth_date=date(1990, 2, 3), phone="0601020304")
WHO_RECORDED = IdentityRecorded("p-1", "Awa", "Diallo", date(1990, 2, 3), "0601020304", None, None, DAY)
PROFILE = RecordProfile(
    person="p-1",
    sex=Sex.F,
    birth_year=1998,
    registration=Registration.NON_INSCRIT,
    education_level=EducationLevel.NIVEAU_4,
    disability=False,
    household=Household.SEUL_ENFANTS,
    on=DAY,
)
PROFILE_RECORDED = ProfileRecorded(
    person="p-1",
    sex=Sex.F,
    birth_year=1998,
    registration=Registration.NON_INSCRIT,
    education_level=EducationLevel.NIVEAU_4,
    disability=False,
    household=Household.SEUL_ENFANTS,
    on=DAY,
)
ASSESS = AssessEligibility(
    person="p-1", criteria=["RESIDENCE_QPV"], verdict=Verdict.ELIGIBLE, rule_version=1, evidence_kind="DECLARATION", on=DAY
)
ASSESSED = EligibilityAssessed(
    person="p-1",
    criteria=["RESIDENCE_QPV"],
    verdict=Verdict.ELIGIBLE,
    rule_version=1,
    evidence_kind="DECLARATION",
    derogation=None,
    on=DAY,
)
CLOSE = CloseContact(person="p-1", reason=ClosingReason.REFUS, on=DAY)
CLOSED = ContactClosed(person="p-1", reason=ClosingReason.REFUS, on=DAY)
START = StartCoaching(person="p-1", rank=1, on=DAY)
STARTED = CoachingStarted(person="p-1", rank=1, on=DAY)
MERGE = MergePersons(kept="p-0", merged="p-1", on=DAY, kept_standing=MET, merged_standing=MET)
MERGED = PersonsMerged(kept="p-0", merged="p-1", on=DAY)
DESTROY = DestroyPersonKey(person="p-1", basis=ErasureBasis.DEMANDE, on=DAY)
DESTROYED = PersonKeyDestroyed(person="p-1", basis=ErasureBasis.DEMANDE, on=DAY)

EVERY_COMMAND = (IDENTIFY, ATTEMPT, NOTICE, WHO, PROFILE, ASSESS, CLOSE, START, MERGE, DESTROY)
