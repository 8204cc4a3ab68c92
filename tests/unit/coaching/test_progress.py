"""The diagnostic, the barriers, the interviews."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from services.coaching.coded_values import Constraint, InterviewMode
from services.coaching.journey import decider
from services.coaching.progress import (
    BarrierIdentified,
    BarrierLifted,
    CompleteDiagnostic,
    DiagnosticCompleted,
    HoldInterview,
    IdentifyBarrier,
    InterviewHeld,
    LiftBarrier,
)
from services.vocabulary.thematiques import LABELS
from tests.harness.specification import given
from tests.unit.coaching.journeys import EXITED_JOURNEY, OPEN_JOURNEY, RENEWAL_DAY, RENEWED_JOURNEY, TWICE_EXITED_JOURNEY, day

FEBRUARY, JUNE, JULY = day("2023-02-01"), day("2023-06-01"), day("2023-07-01")
MOBILITY, HOUSING = sorted(name for name in LABELS if name.startswith(("mobilite--", "logement-hebergement--")))[:2]
CONSTRAINTS = {MOBILITY: Constraint.OUI, HOUSING: Constraint.NON_ABORDEE}

COMPLETE = CompleteDiagnostic(person="p-1", constraints=CONSTRAINTS, on=FEBRUARY)
IDENTIFY = IdentifyBarrier(person="p-1", thematique=MOBILITY, on=FEBRUARY)
IDENTIFIED = BarrierIdentified(person="p-1", rank=1, thematique=MOBILITY, on=FEBRUARY)
LIFT = LiftBarrier(person="p-1", thematique=MOBILITY, on=JUNE)
LIFTED = BarrierLifted(person="p-1", rank=1, thematique=MOBILITY, on=JUNE)
HOLD = HoldInterview(person="p-1", mode=InterviewMode.PRESENTIEL, minutes=45, on=FEBRUARY, by="coach-1")
HELD = InterviewHeld(person="p-1", rank=1, mode=InterviewMode.PRESENTIEL, minutes=45, by="coach-1", on=FEBRUARY)


def test_the_vocabulary_is_the_national_one() -> None:
    assert len(LABELS) == 69


def test_a_diagnostic_is_recorded_as_the_person_gave_it() -> None:
    given(decider, *OPEN_JOURNEY).when(COMPLETE).then(DiagnosticCompleted(person="p-1", rank=1, constraints=CONSTRAINTS, on=FEBRUARY))


def test_a_barrier_is_identified_then_lifted_and_may_come_back() -> None:
    lifted = given(decider, *OPEN_JOURNEY).when(IDENTIFY).then(IDENTIFIED).when(LIFT).then(LIFTED)
    lifted.when(replace(IDENTIFY, on=JULY)).then(replace(IDENTIFIED, on=JULY))


def test_a_barrier_is_not_identified_again_before_it_is_lifted() -> None:
    given(decider, *OPEN_JOURNEY, IDENTIFIED).when(IDENTIFY).then_refused("barrier_already_identified")


def test_a_barrier_is_identified_lifted_and_identified_again_in_the_order_of_the_days() -> None:
    identified = given(decider, *OPEN_JOURNEY, IDENTIFIED)
    identified.when(replace(LIFT, on=FEBRUARY - timedelta(days=1))).then_refused("before_the_identification")
    identified.when(replace(LIFT, on=FEBRUARY)).then(replace(LIFTED, on=FEBRUARY))
    lifted = given(decider, *OPEN_JOURNEY, IDENTIFIED, LIFTED)
    lifted.when(replace(IDENTIFY, on=JUNE - timedelta(days=1))).then_refused("before_the_lift")
    lifted.when(replace(IDENTIFY, on=JUNE)).then(replace(IDENTIFIED, on=JUNE))


def test_progress_that_is_learnt_after_a_renewal_belongs_to_the_journey_that_was_open_that_day() -> None:
    for history in (RENEWED_JOURNEY, TWICE_EXITED_JOURNEY):
        given(decider, *history).when(HOLD).then(HELD)
        given(decider, *history).when(replace(HOLD, on=RENEWAL_DAY)).then(replace(HELD, rank=2, on=RENEWAL_DAY))
        given(decider, *history).when(replace(HOLD, on=RENEWAL_DAY - timedelta(days=1))).then_refused("journey_not_open")


def test_only_an_identified_barrier_is_lifted() -> None:
    given(decider, *OPEN_JOURNEY).when(LIFT).then_refused("barrier_not_identified")
    given(decider, *OPEN_JOURNEY, IDENTIFIED, LIFTED).when(LIFT).then_refused("barrier_not_identified")


def test_an_interview_names_the_coach_who_held_it() -> None:
    given(decider, *OPEN_JOURNEY).when(HOLD).then(HELD)


@pytest.mark.parametrize("command", [COMPLETE, IDENTIFY, LIFT, HOLD])
def test_progress_needs_an_open_journey(command: Any) -> None:
    given(decider).when(command).then_refused("journey_not_open")


def test_progress_that_is_recorded_after_the_exit_is_dated_no_later_than_the_exit() -> None:
    last_day = day("2023-11-30")
    given(decider, *EXITED_JOURNEY).when(replace(HOLD, on=last_day)).then(replace(HELD, on=last_day))
    given(decider, *EXITED_JOURNEY).when(replace(HOLD, on=day("2023-12-01"))).then_refused("journey_not_open")


@pytest.mark.parametrize("history", [OPEN_JOURNEY, EXITED_JOURNEY], ids=["open", "exited"])
def test_no_interview_is_held_before_the_opening(history: tuple[Any, ...]) -> None:
    given(decider, *history).when(replace(HOLD, on=day("2023-01-09"))).then_refused("before_the_opening")
