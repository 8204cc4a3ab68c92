"""Each outcome that a person reaches is recorded once, without a class."""

from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from services.coaching.coded_values import Contract, CorrectionReason, ExitReason, IntensiveScheme, NeutralReason, TrainingKind
from services.coaching.exits import ExitCorrected
from services.coaching.journey import decider
from services.coaching.outcomes import (
    BusinessCreated,
    CivicServiceStarted,
    CreateBusiness,
    EnterIntensiveScheme,
    EnterTraining,
    IntensiveSchemeEntered,
    OutcomeCorrected,
    ResumeSchool,
    SchoolResumed,
    StartCivicService,
    TrainingEntered,
)
from tests.harness.specification import given
from tests.unit.coaching.journeys import (
    CORRECT,
    EXIT_DAY,
    EXITED,
    EXITED_JOURNEY,
    FIND_JOB,
    JOB_DAY,
    JOB_FOUND,
    NEUTRALISED,
    OPEN_JOURNEY,
    RENEWAL_DAY,
    RENEWED_JOURNEY,
    SECOND_EXIT_DAY,
    TWICE_EXITED_JOURNEY,
    day,
)

REACH: dict[str, Any] = {"person": "p-1", "outcome": "out-1", "on": JOB_DAY}
OPEN_JOURNEY_WITH_JOB = (*OPEN_JOURNEY, JOB_FOUND)
REACHED: dict[str, Any] = {**REACH, "rank": 1}


@pytest.mark.parametrize(
    ("command", "event"),
    [
        (EnterTraining(kind=TrainingKind.QUALIFIANTE, **REACH), TrainingEntered(kind=TrainingKind.QUALIFIANTE, **REACHED)),
        (ResumeSchool(**REACH), SchoolResumed(**REACHED)),
        (StartCivicService(**REACH), CivicServiceStarted(**REACHED)),
        (EnterIntensiveScheme(scheme=IntensiveScheme.EPIDE, **REACH), IntensiveSchemeEntered(scheme=IntensiveScheme.EPIDE, **REACHED)),
        (CreateBusiness(**REACH), BusinessCreated(**REACHED)),
    ],
)
def test_an_outcome_is_recorded_without_a_class(command: Any, event: Any) -> None:
    given(decider, *OPEN_JOURNEY).when(command).then(event)


def test_a_job_is_recorded_with_its_contract_and_its_evidence() -> None:
    given(decider, *OPEN_JOURNEY).when(FIND_JOB).then(JOB_FOUND)


@pytest.mark.parametrize("contract", [Contract.CDD, Contract.INTERIM])
def test_a_contract_that_ends_needs_its_months(contract: Contract) -> None:
    given(decider, *OPEN_JOURNEY).when(replace(FIND_JOB, contract=contract, months=None)).then_refused("months_missing")


@pytest.mark.parametrize("contract", [Contract.CDI, Contract.ALTERNANCE, Contract.TITULARISATION, Contract.CONTRAT_AIDE, Contract.SIAE])
def test_another_contract_needs_no_months(contract: Contract) -> None:
    command, event = (replace(each, contract=contract, months=None) for each in (FIND_JOB, JOB_FOUND))
    given(decider, *OPEN_JOURNEY).when(command).then(event)


def test_an_outcome_id_is_used_once_in_all_the_journeys_of_a_person() -> None:
    same_id = CreateBusiness(person="p-1", outcome="job-1", on=JOB_DAY)
    for history in (OPEN_JOURNEY_WITH_JOB, EXITED_JOURNEY, RENEWED_JOURNEY, TWICE_EXITED_JOURNEY):
        given(decider, *history).when(same_id).then_refused("outcome_already_known")
    given(decider, *RENEWED_JOURNEY).when(replace(same_id, on=day("2024-02-01"))).then_refused("outcome_already_known")


def test_an_outcome_belongs_to_a_journey() -> None:
    given(decider).when(FIND_JOB).then_refused("journey_not_open")
    given(decider, *OPEN_JOURNEY).when(replace(FIND_JOB, on=day("2023-01-09"))).then_refused("before_the_opening")


SHOP = CreateBusiness(person="p-1", outcome="shop", on=JOB_DAY)
SHOP_CREATED = BusinessCreated(person="p-1", rank=1, outcome="shop", on=JOB_DAY)


@pytest.mark.parametrize(
    ("history", "on", "rank"),
    [
        (EXITED_JOURNEY, EXIT_DAY, 1),
        (EXITED_JOURNEY, day("2024-06-30"), 1),  # after the exit, at a follow-up
        ((*EXITED_JOURNEY, NEUTRALISED), day("2024-06-30"), 1),
        (RENEWED_JOURNEY, EXIT_DAY, 1),
        (RENEWED_JOURNEY, RENEWAL_DAY - timedelta(days=1), 1),
        (RENEWED_JOURNEY, RENEWAL_DAY, 2),
        (TWICE_EXITED_JOURNEY, EXIT_DAY, 1),
        (TWICE_EXITED_JOURNEY, RENEWAL_DAY - timedelta(days=1), 1),
        (TWICE_EXITED_JOURNEY, SECOND_EXIT_DAY, 2),
        (TWICE_EXITED_JOURNEY, day("2024-06-30"), 2),
    ],
)
def test_an_outcome_belongs_to_the_last_journey_that_had_opened_by_its_day(history: tuple[Any, ...], on: date, rank: int) -> None:
    given(decider, *history).when(replace(SHOP, on=on)).then(replace(SHOP_CREATED, rank=rank, on=on))


def test_a_contract_that_becomes_permanent_after_the_exit_is_a_new_outcome_of_that_exit() -> None:
    permanent = {"outcome": "job-2", "contract": Contract.CDI, "months": None, "on": day("2024-03-01")}
    found = replace(JOB_FOUND, **permanent)
    given(decider, *EXITED_JOURNEY).when(replace(FIND_JOB, **permanent)).then(found)


GROWS, MISTAKE = CorrectionReason.REQUALIFICATION, CorrectionReason.SAISIE
CORRECTED = OutcomeCorrected(person="p-1", rank=1, outcome="job-1", why=MISTAKE, on=JOB_DAY)


@pytest.mark.parametrize("history", [OPEN_JOURNEY_WITH_JOB, EXITED_JOURNEY, RENEWED_JOURNEY])
@pytest.mark.parametrize("why", CorrectionReason)
def test_an_outcome_is_stated_again_for_a_reason(history: tuple[Any, ...], why: CorrectionReason) -> None:
    short = replace(FIND_JOB, months=3, why=why)
    again = given(decider, *history).when(short).then(replace(CORRECTED, why=why), replace(JOB_FOUND, months=3))
    again.when(short).then_refused("correction_without_change")
    other_kind = EnterTraining(person="p-1", outcome="job-1", kind=TrainingKind.QUALIFIANTE, on=JOB_DAY, why=why)
    again.when(other_kind).then_some(TrainingEntered)


def test_an_outcome_may_grow_after_the_exit_that_names_it() -> None:
    """The exit still names an outcome that was reached before it."""
    day_after = EXIT_DAY + timedelta(days=1)
    permanent = {"contract": Contract.CDI, "months": None, "on": day_after}
    grown = given(decider, *EXITED_JOURNEY).when(replace(FIND_JOB, why=GROWS, **permanent))
    exited = grown.then(replace(CORRECTED, why=GROWS, on=day_after), replace(JOB_FOUND, **permanent))
    same_outcome = replace(CORRECT, exit_on=EXIT_DAY - timedelta(days=1))
    exited.when(same_outcome).then_some(ExitCorrected)
    mistaken = given(decider, *EXITED_JOURNEY).when(replace(FIND_JOB, why=MISTAKE, **permanent))
    mistaken.then_refused("exit_before_its_outcome")


def test_an_outcome_does_not_grow_before_it_began_nor_in_another_journey() -> None:
    before = replace(FIND_JOB, why=GROWS, on=JOB_DAY - timedelta(days=1))
    given(decider, *EXITED_JOURNEY).when(before).then_refused("before_the_outcome")
    given(decider, *RENEWED_JOURNEY).when(replace(FIND_JOB, why=GROWS, on=RENEWAL_DAY)).then_refused("outcome_of_another_journey")


def test_an_outcome_that_was_noted_in_the_wrong_journey_moves_unless_an_exit_names_it() -> None:
    given(decider, *RENEWED_JOURNEY).when(replace(FIND_JOB, why=MISTAKE, on=RENEWAL_DAY)).then_refused("outcome_named_by_an_exit")
    moved = given(decider, *RENEWED_JOURNEY, SHOP_CREATED).when(replace(SHOP, why=MISTAKE, on=RENEWAL_DAY))
    corrected = replace(CORRECTED, outcome="shop", on=RENEWAL_DAY)
    moved.then(corrected, replace(SHOP_CREATED, rank=2, on=RENEWAL_DAY))


def test_only_a_recorded_outcome_is_stated_again() -> None:
    given(decider, *OPEN_JOURNEY).when(replace(FIND_JOB, why=MISTAKE)).then_refused("outcome_not_recorded")


def test_nobody_reaches_an_outcome_after_an_exit_by_death() -> None:
    exited = replace(EXITED, reason=ExitReason.DECES, outcomes=[])
    died = given(decider, *OPEN_JOURNEY, JOB_FOUND, exited, replace(NEUTRALISED, reason=NeutralReason.DECES))
    died.when(replace(SHOP, on=EXIT_DAY)).then_some(BusinessCreated)
    died.when(replace(SHOP, on=EXIT_DAY + timedelta(days=1))).then_refused("person_deceased")
