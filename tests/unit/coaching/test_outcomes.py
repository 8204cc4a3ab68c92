"""Each outcome that a person reaches is recorded once, without a class."""

from typing import Any

import pytest
from msgspec.structs import replace

from services.coaching.coded_values import Contract, IntensiveScheme, TrainingKind
from services.coaching.journey import decider
from services.coaching.outcomes import (
    BusinessCreated,
    CivicServiceStarted,
    CreateBusiness,
    EnterIntensiveScheme,
    EnterTraining,
    IntensiveSchemeEntered,
    ResumeSchool,
    SchoolResumed,
    StartCivicService,
    TrainingEntered,
)
from tests.harness.specification import given
from tests.unit.coaching.journeys import EXITED_JOURNEY, FIND_JOB, JOB_DAY, JOB_FOUND, OPEN_JOURNEY, RENEWED_JOURNEY, day

REACH: dict[str, Any] = {"person": "p-1", "outcome": "out-1", "on": JOB_DAY}
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
    given(decider, *OPEN_JOURNEY, JOB_FOUND).when(same_id).then_refused("outcome_already_known")
    given(decider, *RENEWED_JOURNEY).when(replace(same_id, on=day("2024-02-01"))).then_refused("outcome_already_known")


def test_an_outcome_belongs_to_a_journey() -> None:
    given(decider).when(FIND_JOB).then_refused("journey_not_open")
    given(decider, *OPEN_JOURNEY).when(replace(FIND_JOB, on=day("2023-01-09"))).then_refused("before_the_opening")


def test_an_outcome_that_is_recorded_late_is_dated_no_later_than_the_exit() -> None:
    """What happens after the exit belongs to the follow-ups."""
    late = CreateBusiness(person="p-1", outcome="out-9", on=day("2023-11-30"))
    given(decider, *EXITED_JOURNEY).when(late).then(BusinessCreated(person="p-1", rank=1, outcome="out-9", on=day("2023-11-30")))
    given(decider, *EXITED_JOURNEY).when(replace(late, on=day("2023-12-01"))).then_refused("journey_not_open")
