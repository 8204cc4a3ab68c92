"""What a person reaches: each outcome is recorded once, as it is."""

from typing import Any

import pytest
from msgspec.structs import replace

from services.coaching.outcomes import (
    BusinessCreated,
    CivicServiceStarted,
    CreateBusiness,
    EnterIntensiveScheme,
    EnterTraining,
    IntensiveSchemeEntered,
    JobFound,
    ResumeSchool,
    SchoolResumed,
    StartCivicService,
    TrainingEntered,
)
from tests.unit.coaching.stage import AGAIN, GRANT, JOB, day, journey, left, opened

ON = day("2023-05-02")
WHO: dict[str, Any] = {"person": "p-1", "outcome": "out-1", "on": ON}
REACHED: dict[str, Any] = {**WHO, "rank": 1}


@pytest.mark.parametrize(
    ("command", "event"),
    [
        (EnterTraining(kind="QUALIFIANTE", **WHO), TrainingEntered(kind="QUALIFIANTE", **REACHED)),
        (ResumeSchool(**WHO), SchoolResumed(**REACHED)),
        (StartCivicService(**WHO), CivicServiceStarted(**REACHED)),
        (EnterIntensiveScheme(scheme="EPIDE", **WHO), IntensiveSchemeEntered(scheme="EPIDE", **REACHED)),
        (CreateBusiness(**WHO), BusinessCreated(**REACHED)),
    ],
)
def test_an_outcome_is_recorded_as_it_is_without_any_class(command: Any, event: Any) -> None:
    assert opened().when(command) == [event]


def test_a_job_is_recorded_with_its_contract_and_its_evidence() -> None:
    assert opened().when(JOB) == [
        JobFound(
            person="p-1",
            rank=1,
            outcome="job-1",
            contract="CDD",
            months=6,
            weekly_hours=35,
            rome="K1302",
            evidence="CONTRAT",
            on=ON,
        )
    ]


@pytest.mark.parametrize("contract", ["CDD", "INTERIM"])
def test_a_contract_that_ends_says_when(contract: Any) -> None:
    opened().refuses(replace(JOB, contract=contract, months=None), "months_missing")


@pytest.mark.parametrize("contract", ["CDI", "ALTERNANCE", "TITULARISATION", "CONTRAT_AIDE", "SIAE"])
def test_another_contract_needs_no_months(contract: Any) -> None:
    assert opened().when(replace(JOB, contract=contract, months=None))


def test_an_outcome_id_is_used_once_in_all_the_journeys_of_a_person() -> None:
    opened(JOB).refuses(CreateBusiness(person="p-1", outcome="job-1", on=ON), "outcome_already_known")
    left(GRANT, AGAIN).refuses(CreateBusiness(person="p-1", outcome="job-1", on=day("2024-02-01")), "outcome_already_known")


def test_an_outcome_belongs_to_a_journey() -> None:
    journey().refuses(JOB, "journey_not_open")
    opened().refuses(replace(JOB, on=day("2023-01-09")), "before_the_opening")


def test_an_outcome_reached_after_the_exit_is_news_for_the_follow_up() -> None:
    late = CreateBusiness(person="p-1", outcome="out-9", on=day("2023-11-30"))
    assert left().when(late)
    left().refuses(replace(late, on=day("2023-12-01")), "journey_not_open")
