"""An exit is stated once, then corrected or neutralised, never edited."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from services.coaching.coded_values import (
    CorrectionReason,
    ExitReason,
    FollowUpChannel,
    HandoverReason,
    InterviewMode,
    Milestone,
    NeutralReason,
    Situation,
)
from services.coaching.exits import CorrectExit, ExitCorrected, ExitNeutralised, NeutralisationLifted, NeutraliseExit
from services.coaching.follow_up import FollowUpCompleted
from services.coaching.handover import JourneyTransferred, ReferentReplaced
from services.coaching.journey import decider
from services.coaching.outcomes import BusinessCreated
from services.coaching.progress import BarrierIdentified, BarrierLifted, DiagnosticCompleted, InterviewHeld
from services.vocabulary.thematiques import LABELS
from tests.harness.specification import given
from tests.unit.coaching.journeys import (
    CORRECT,
    CORRECTED,
    CORRECTION_DAY,
    EXIT,
    EXIT_DAY,
    EXIT_REPORT_DAY,
    EXITED,
    EXITED_JOURNEY,
    FOLLOWED_JOURNEY,
    JOB_DAY,
    JOB_FOUND,
    M3_SCHEDULED,
    M6_SCHEDULED,
    NEUTRALISE,
    NEUTRALISED,
    OPEN_JOURNEY,
    OPENING_DAY,
    RENEWAL_DAY,
    RENEWED_JOURNEY,
    RESTORE,
    RESTORED,
    SCHEDULE,
    TWICE_EXITED_JOURNEY,
    day,
)

WITH_JOB = (*OPEN_JOURNEY, JOB_FOUND)

JUNE = day("2023-06-01")
THEMATIQUE = min(LABELS)
HELD = InterviewHeld(person="p-1", rank=1, mode=InterviewMode.VISIO, minutes=30, by="coach-1", on=JUNE)
DIAGNOSED = DiagnosticCompleted(person="p-1", rank=1, constraints={}, on=JUNE)
IDENTIFIED = BarrierIdentified(person="p-1", rank=1, thematique=THEMATIQUE, on=JUNE)
LIFTED = BarrierLifted(person="p-1", rank=1, thematique=THEMATIQUE, on=JUNE)
REPLACED = ReferentReplaced(person="p-1", rank=1, former="coach-1", referent="coach-2", reason=HandoverReason.DEPART, on=JUNE)
TRANSFERRED = JourneyTransferred(person="p-1", rank=1, from_territory="alencon", to_territory="flers", on=JUNE)


def test_an_exit_names_its_outcomes_and_the_orientation_that_opened_the_journey() -> None:
    given(decider, *WITH_JOB).when(EXIT).then(EXITED)


def test_only_an_open_journey_ends() -> None:
    given(decider).when(EXIT).then_refused("journey_not_open")
    given(decider, *EXITED_JOURNEY).when(EXIT).then_refused("journey_not_open")


def test_an_exit_may_be_on_the_day_of_the_opening_of_its_outcome_or_of_its_statement() -> None:
    first_day = {"exit_on": OPENING_DAY, "reason": ExitReason.ABANDON, "outcomes": []}
    given(decider, *OPEN_JOURNEY).when(replace(EXIT, **first_day)).then(replace(EXITED, **first_day))
    for exit_on in (JOB_DAY, EXIT_REPORT_DAY):
        given(decider, *WITH_JOB).when(replace(EXIT, exit_on=exit_on)).then(replace(EXITED, exit_on=exit_on))


@pytest.mark.parametrize("fact", [HELD, LIFTED, DIAGNOSED, REPLACED, TRANSFERRED], ids=lambda fact: type(fact).__name__)
def test_an_exit_is_not_before_what_happened_in_the_journey(fact: Any) -> None:
    history, before = (*WITH_JOB, IDENTIFIED, fact), fact.on - timedelta(days=1)
    leave = replace(EXIT, exit_on=before, reason=ExitReason.ABANDON, outcomes=[])
    there = replace(leave, territory="flers") if fact is TRANSFERRED else leave
    given(decider, *history).when(there).then_refused("exit_before_a_fact")
    correct = replace(CORRECT, exit_on=before, reason=ExitReason.ABANDON, outcomes=[])
    given(decider, *history, EXITED).when(correct).then_refused("exit_before_a_fact")


def test_an_exit_names_no_outcome_that_came_after_it() -> None:
    before = JOB_DAY - timedelta(days=1)
    given(decider, *WITH_JOB).when(replace(EXIT, exit_on=before)).then_refused("exit_before_its_outcome")
    given(decider, *EXITED_JOURNEY).when(replace(CORRECT, exit_on=before)).then_refused("exit_before_its_outcome")


def test_an_exit_that_names_no_outcome_may_be_before_one() -> None:
    left = {"exit_on": JOB_DAY - timedelta(days=1), "reason": ExitReason.ABANDON, "outcomes": []}
    given(decider, *WITH_JOB).when(replace(EXIT, **left)).then(replace(EXITED, **left))


@pytest.mark.parametrize(("exit_on", "code"), [("2023-01-09", "exit_before_opening"), ("2023-12-05", "exit_after_recording")])
def test_an_exit_is_neither_before_the_opening_nor_after_its_statement(exit_on: str, code: str) -> None:
    given(decider, *WITH_JOB).when(replace(EXIT, exit_on=day(exit_on))).then_refused(code)
    correction = replace(CORRECT, exit_on=day(exit_on), on=day("2023-12-04"))
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
    second_exit = replace(EXIT, exit_on=later, on=later, territory="flers")
    given(decider, *RENEWED_JOURNEY).when(second_exit).then_refused("outcome_unknown")


def test_a_correction_names_the_statement_that_it_replaces() -> None:
    again = replace(CORRECT, reason=ExitReason.PERDU_DE_VUE, outcomes=[], why=CorrectionReason.REQUALIFICATION)
    corrected_again = replace(CORRECTED, supersedes=2, reason=ExitReason.PERDU_DE_VUE, outcomes=[], why=CorrectionReason.REQUALIFICATION)
    given(decider, *EXITED_JOURNEY).when(CORRECT).then(CORRECTED).when(again).then(corrected_again)


def test_an_outcome_that_is_recorded_late_enters_the_exit_by_a_correction() -> None:
    shop = BusinessCreated(person="p-1", rank=1, outcome="shop", on=day("2023-10-20"))
    with_shop = replace(CORRECT, outcomes=["job-1", "shop"])
    given(decider, *EXITED_JOURNEY, shop).when(with_shop).then(replace(CORRECTED, outcomes=["job-1", "shop"]))


def test_a_correction_changes_something() -> None:
    given(decider, *EXITED_JOURNEY, CORRECTED).when(CORRECT).then_refused("correction_without_change")


@pytest.mark.parametrize("command", [CORRECT, NEUTRALISE])
def test_only_an_exit_is_corrected_or_neutralised(command: CorrectExit | NeutraliseExit) -> None:
    given(decider).when(command).then_refused("journey_not_exited")
    given(decider, *OPEN_JOURNEY).when(command).then_refused("journey_not_exited")
    for no_exit in (2, 3):
        given(decider, *RENEWED_JOURNEY).when(replace(command, rank=no_exit)).then_refused("journey_not_exited")


@pytest.mark.parametrize("rank", [None, 1])
def test_the_exit_of_an_earlier_rank_may_be_corrected_or_neutralised(rank: int | None) -> None:
    given(decider, *RENEWED_JOURNEY).when(replace(CORRECT, rank=rank)).then(CORRECTED)
    given(decider, *RENEWED_JOURNEY).when(replace(NEUTRALISE, rank=rank)).then(NEUTRALISED)
    given(decider, *TWICE_EXITED_JOURNEY).when(replace(CORRECT, rank=1)).then(CORRECTED)


def test_without_a_rank_the_last_exit_is_meant() -> None:
    given(decider, *TWICE_EXITED_JOURNEY).when(NEUTRALISE).then(replace(NEUTRALISED, rank=2))


def test_the_exit_of_an_earlier_rank_is_not_corrected_to_a_day_after_the_renewal() -> None:
    given(decider, *RENEWED_JOURNEY).when(replace(CORRECT, exit_on=RENEWAL_DAY)).then(replace(CORRECTED, exit_on=RENEWAL_DAY))
    day_after = RENEWAL_DAY + timedelta(days=1)
    given(decider, *RENEWED_JOURNEY).when(replace(CORRECT, exit_on=day_after)).then_refused("exit_after_the_renewal")


@pytest.mark.parametrize("reason", NeutralReason)
def test_a_death_a_prison_an_illness_or_a_move_ends_a_journey_and_neutralises_the_exit_in_one_step(reason: NeutralReason) -> None:
    of_exit = {"reason": ExitReason[reason.name], "outcomes": []}
    exited, neutralised = replace(EXITED, **of_exit), replace(NEUTRALISED, reason=reason, on=EXIT_REPORT_DAY)
    over = given(decider, *WITH_JOB).when(replace(EXIT, **of_exit)).then(exited, neutralised)
    over.when(SCHEDULE).then_refused("exit_neutralised")
    given(decider, *WITH_JOB).when(replace(EXIT, reason=of_exit["reason"])).then_refused("outcome_without_reason")


def test_a_correction_to_such_a_reason_neutralises_the_exit() -> None:
    correct = replace(CORRECT, reason=ExitReason.INCARCERATION, outcomes=[])
    corrected = replace(CORRECTED, reason=ExitReason.INCARCERATION, outcomes=[])
    neutralised = replace(NEUTRALISED, reason=NeutralReason.INCARCERATION)
    given(decider, *EXITED_JOURNEY).when(correct).then(corrected, neutralised)


def test_an_exit_that_was_neutralised_by_mistake_counts_again_and_is_corrected_afterwards() -> None:
    restored = given(decider, *EXITED_JOURNEY, NEUTRALISED).when(RESTORE).then_some(NeutralisationLifted)
    restored.when(RESTORE).then_refused("exit_not_neutralised")
    restored.when(replace(CORRECT, exit_on=EXIT_DAY, reason=ExitReason.ABANDON, outcomes=[])).then_some(ExitCorrected)
    restored.when(NEUTRALISE).then_some(ExitNeutralised)


def test_a_neutralisation_is_not_lifted_before_it_was_decided() -> None:
    before = CORRECTION_DAY - timedelta(days=1)
    given(decider, *EXITED_JOURNEY, NEUTRALISED).when(replace(RESTORE, on=before)).then_refused("before_the_neutralisation")


@pytest.mark.parametrize("command", [CORRECT, NEUTRALISE])
def test_nothing_is_said_of_an_exit_before_the_opening(command: Any) -> None:
    given(decider, *EXITED_JOURNEY).when(replace(command, on=OPENING_DAY - timedelta(days=1))).then_refused("before_the_opening")


def test_nobody_dies_before_a_renewal() -> None:
    death = replace(NEUTRALISE, rank=1, reason=NeutralReason.DECES)
    given(decider, *RENEWED_JOURNEY).when(death).then_refused("journey_reopened")
    given(decider, *TWICE_EXITED_JOURNEY).when(death).then_refused("journey_reopened")
    given(decider, *TWICE_EXITED_JOURNEY, replace(NEUTRALISED, rank=2, reason=NeutralReason.DECES)).when(death).then_refused(
        "journey_reopened"
    )


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


# A reason that neutralises ------------------------------------------------------------------------------------------

DUE = ((M3_SCHEDULED, day("2024-01-31")), (M6_SCHEDULED, day("2024-04-30")))
DIED = replace(EXITED, reason=ExitReason.DECES, outcomes=[])
DIED_JOURNEY = (*OPEN_JOURNEY, JOB_FOUND, DIED, replace(NEUTRALISED, reason=NeutralReason.DECES, on=EXIT_REPORT_DAY))
FOLLOWED = tuple(replace(each, due_on=due, window_end=due + timedelta(days=30), on=CORRECTION_DAY) for each, due in DUE)
LATER = replace(RESTORED, on=CORRECTION_DAY, why=CORRECT.why)


def test_what_a_reason_neutralises_counts_again_when_the_reason_is_corrected() -> None:
    """A dead person whose exit counts would be followed up: the reason says whether they died."""
    given(decider, *DIED_JOURNEY).when(RESTORE).then_refused("neutral_by_its_reason")
    given(decider, *DIED_JOURNEY).when(CORRECT).then(LATER, CORRECTED, *FOLLOWED)


def test_one_reason_that_neutralises_takes_the_place_of_another() -> None:
    moved = replace(CORRECT, reason=ExitReason.DEMENAGEMENT, outcomes=[])
    corrected = replace(CORRECTED, reason=ExitReason.DEMENAGEMENT, outcomes=[])
    given(decider, *DIED_JOURNEY).when(moved).then(LATER, corrected, NEUTRALISED)
    another_day = replace(moved, reason=ExitReason.DECES)
    given(decider, *DIED_JOURNEY).when(another_day).then(replace(corrected, reason=ExitReason.DECES))


def test_what_is_neutralised_for_another_cause_is_restored_before_it_is_corrected() -> None:
    given(decider, *EXITED_JOURNEY, NEUTRALISED).when(CORRECT).then_refused("exit_neutralised")
