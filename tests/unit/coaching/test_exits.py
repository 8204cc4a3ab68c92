"""An exit is stated once, then corrected or neutralised, never edited."""

import pytest
from msgspec.structs import replace

from services.coaching.coded_values import CorrectionReason, ExitReason, FollowUpChannel, Milestone, NeutralReason, Situation
from services.coaching.exits import CorrectExit, ExitCorrected, ExitNeutralised, NeutraliseExit
from services.coaching.follow_up import FollowUpCompleted
from services.coaching.journey import decider
from services.coaching.outcomes import BusinessCreated
from tests.harness.specification import given
from tests.unit.coaching.journeys import (
    EXIT,
    EXIT_DAY,
    EXITED,
    EXITED_JOURNEY,
    FOLLOWED_JOURNEY,
    JOB_FOUND,
    M6_SCHEDULED,
    OPEN_JOURNEY,
    RENEWED_JOURNEY,
    day,
)

CORRECTION_DAY = day("2024-01-08")
CORRECT = CorrectExit(
    person="p-1",
    exit_on=day("2023-10-31"),
    reason=ExitReason.OUTCOME,
    outcomes=["job-1"],
    why=CorrectionReason.JUSTIFICATIF,
    on=CORRECTION_DAY,
    recorded_on=CORRECTION_DAY,
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
WITH_JOB = (*OPEN_JOURNEY, JOB_FOUND)


def test_an_exit_names_its_outcomes_and_the_orientation_that_opened_the_journey() -> None:
    given(decider, *WITH_JOB).when(EXIT).then(EXITED)


def test_only_an_open_journey_ends() -> None:
    given(decider).when(EXIT).then_refused("journey_not_open")
    given(decider, *EXITED_JOURNEY).when(EXIT).then_refused("journey_not_open")


@pytest.mark.parametrize("exit_on", ["2023-01-10", "2023-12-04"])
def test_an_exit_may_be_on_the_day_of_the_opening_or_of_the_recording(exit_on: str) -> None:
    given(decider, *WITH_JOB).when(replace(EXIT, exit_on=day(exit_on))).then(replace(EXITED, exit_on=day(exit_on)))


@pytest.mark.parametrize(("exit_on", "code"), [("2023-01-09", "exit_before_opening"), ("2023-12-05", "exit_after_recording")])
def test_an_exit_is_neither_before_the_opening_nor_after_its_recording(exit_on: str, code: str) -> None:
    given(decider, *WITH_JOB).when(replace(EXIT, exit_on=day(exit_on))).then_refused(code)
    correction = replace(CORRECT, exit_on=day(exit_on), recorded_on=day("2023-12-04"))
    given(decider, *EXITED_JOURNEY).when(correction).then_refused(code)


def test_an_exit_names_outcomes_if_and_only_if_they_are_its_reason() -> None:
    given(decider, *WITH_JOB).when(replace(EXIT, outcomes=[])).then_refused("exit_without_outcome")
    given(decider, *WITH_JOB).when(replace(EXIT, reason=ExitReason.ABANDON)).then_refused("outcome_without_reason")
    given(decider, *EXITED_JOURNEY).when(replace(CORRECT, outcomes=[])).then_refused("exit_without_outcome")
    given(decider, *EXITED_JOURNEY).when(replace(CORRECT, reason=ExitReason.ABANDON)).then_refused("outcome_without_reason")


def test_an_exit_names_each_known_outcome_once() -> None:
    given(decider, *OPEN_JOURNEY).when(EXIT).then_refused("outcome_unknown")
    given(decider, *WITH_JOB).when(replace(EXIT, outcomes=["job-1", "job-1"])).then_refused("outcome_named_twice")
    given(decider, *EXITED_JOURNEY).when(replace(CORRECT, outcomes=["job-1", "job-2"])).then_refused("outcome_unknown")


def test_an_exit_names_no_outcome_of_an_earlier_journey() -> None:
    later = day("2024-06-01")
    second_exit = replace(EXIT, exit_on=later, on=later, recorded_on=later, territory="flers")
    given(decider, *RENEWED_JOURNEY).when(second_exit).then_refused("outcome_unknown")


def test_a_correction_names_the_statement_that_it_replaces() -> None:
    again = replace(CORRECT, reason=ExitReason.PERDU_DE_VUE, outcomes=[], why=CorrectionReason.REQUALIFICATION)
    corrected_again = replace(CORRECTED, supersedes=2, reason=ExitReason.PERDU_DE_VUE, outcomes=[], why=CorrectionReason.REQUALIFICATION)
    given(decider, *EXITED_JOURNEY).when(CORRECT).then(CORRECTED).when(again).then(corrected_again)


def test_an_outcome_that_is_recorded_late_enters_the_exit_by_a_correction() -> None:
    shop = BusinessCreated(person="p-1", rank=1, outcome="shop", on=day("2023-11-01"))
    with_shop = replace(CORRECT, outcomes=["job-1", "shop"])
    given(decider, *EXITED_JOURNEY, shop).when(with_shop).then(replace(CORRECTED, outcomes=["job-1", "shop"]))


def test_a_correction_changes_something() -> None:
    given(decider, *EXITED_JOURNEY, CORRECTED).when(CORRECT).then_refused("correction_without_change")


@pytest.mark.parametrize("command", [CORRECT, NEUTRALISE])
def test_only_an_exit_is_corrected_or_neutralised(command: CorrectExit | NeutraliseExit) -> None:
    given(decider).when(command).then_refused("journey_not_exited")
    given(decider, *OPEN_JOURNEY).when(command).then_refused("journey_not_exited")
    given(decider, *RENEWED_JOURNEY).when(command).then_refused("journey_not_exited")


def test_an_exit_is_neutralised_once_and_never_changed_afterwards() -> None:
    neutralised = given(decider, *EXITED_JOURNEY).when(NEUTRALISE).then(NEUTRALISED)
    neutralised.when(NEUTRALISE).then_refused("exit_neutralised")
    neutralised.when(CORRECT).then_refused("exit_neutralised")


def test_a_corrected_date_moves_the_pending_follow_ups() -> None:
    completed = FollowUpCompleted(
        person="p-1",
        rank=1,
        milestone=Milestone.M3,
        situation=Situation.EMPLOI,
        still_in_outcome=True,
        channel=FollowUpChannel.SMS,
        on=day("2024-02-28"),
    )
    moved = replace(M6_SCHEDULED, due_on=day("2024-04-30"), window_end=day("2024-05-30"), on=CORRECTION_DAY)
    given(decider, *FOLLOWED_JOURNEY, completed).when(CORRECT).then(CORRECTED, moved)


def test_a_correction_with_the_same_date_moves_no_follow_up() -> None:
    same_date = replace(CORRECT, exit_on=EXIT_DAY, reason=ExitReason.ABANDON, outcomes=[])
    corrected = replace(CORRECTED, exit_on=EXIT_DAY, reason=ExitReason.ABANDON, outcomes=[])
    given(decider, *FOLLOWED_JOURNEY).when(same_date).then(corrected)
