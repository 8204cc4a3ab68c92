"""Follow-ups are due 3 and 6 calendar months after the exit, and are done at their time."""

import pytest
from msgspec.structs import replace

from services.coaching.coded_values import CorrectionReason, ExitReason, FollowUpChannel, Milestone, Situation
from services.coaching.exits import ExitCorrected
from services.coaching.follow_up import CompleteFollowUp, FollowUpCompleted, FollowUpUnreachable, RecordUnreachable, ScheduleFollowUps
from services.coaching.journey import decider
from tests.harness.specification import given
from tests.unit.coaching.journeys import (
    EXIT_REPORT_DAY,
    EXITED_JOURNEY,
    FOLLOWED_JOURNEY,
    GRANTED,
    M3_SCHEDULED,
    M6_SCHEDULED,
    OPEN_JOURNEY,
    REASSIGNED,
    RENEWED,
    RENEWED_JOURNEY,
    SCHEDULE,
    day,
)

DUE_DAY = day("2024-02-29")
COMPLETE = CompleteFollowUp(
    person="p-1",
    rank=1,
    milestone=Milestone.M3,
    situation=Situation.FORMATION,
    still_in_outcome=False,
    channel=FollowUpChannel.TELEPHONE,
    on=DUE_DAY,
)
COMPLETED = FollowUpCompleted(
    person="p-1",
    rank=1,
    milestone=Milestone.M3,
    situation=Situation.FORMATION,
    still_in_outcome=False,
    channel=FollowUpChannel.TELEPHONE,
    on=DUE_DAY,
)
FAIL_TO_REACH = RecordUnreachable(person="p-1", rank=1, milestone=Milestone.M3, on=DUE_DAY)
NOT_REACHED = FollowUpUnreachable(person="p-1", rank=1, milestone=Milestone.M3, attempt=1, on=DUE_DAY)

EVERY_COMMAND = pytest.mark.parametrize("command", [SCHEDULE, COMPLETE, FAIL_TO_REACH])
EACH_ATTEMPT = pytest.mark.parametrize("command", [COMPLETE, FAIL_TO_REACH])


def test_follow_ups_are_due_after_calendar_months_clamped_to_the_end_of_the_month() -> None:
    given(decider, *EXITED_JOURNEY).when(SCHEDULE).then(M3_SCHEDULED, M6_SCHEDULED)


def test_follow_ups_are_scheduled_once() -> None:
    given(decider, *FOLLOWED_JOURNEY).when(SCHEDULE).then_refused("follow_ups_already_scheduled")


@EVERY_COMMAND
def test_follow_ups_need_an_exit_of_their_rank(command: ScheduleFollowUps | CompleteFollowUp | RecordUnreachable) -> None:
    given(decider).when(command).then_refused("journey_not_exited")
    given(decider, *OPEN_JOURNEY).when(command).then_refused("journey_not_exited")
    given(decider, *EXITED_JOURNEY).when(replace(command, rank=2)).then_refused("journey_not_exited")


@EVERY_COMMAND
def test_follow_ups_end_when_a_renewal_opens(command: ScheduleFollowUps | CompleteFollowUp | RecordUnreachable) -> None:
    given(decider, *RENEWED_JOURNEY).when(command).then_refused("journey_reopened")


def test_a_scheduled_follow_up_is_not_done_once_a_renewal_has_opened() -> None:
    renewal = given(decider, *FOLLOWED_JOURNEY, GRANTED, RENEWED, REASSIGNED)
    renewal.when(COMPLETE).then_refused("journey_reopened")


def test_follow_ups_are_counted_from_a_date_that_the_exit_had() -> None:
    given(decider, *EXITED_JOURNEY).when(replace(SCHEDULE, exit_on=day("2023-11-29"))).then_refused("not_the_exit_date")


def test_follow_ups_are_due_from_the_corrected_date_of_an_exit_that_was_corrected_before_they_were_scheduled() -> None:
    corrected = ExitCorrected(
        person="p-1",
        rank=1,
        supersedes=1,
        exit_on=day("2023-10-31"),
        reason=ExitReason.ABANDON,
        outcomes=[],
        why=CorrectionReason.SAISIE,
        on=EXIT_REPORT_DAY,
    )
    given(decider, *EXITED_JOURNEY, corrected).when(SCHEDULE).then(
        replace(M3_SCHEDULED, due_on=day("2024-01-31"), window_end=day("2024-03-01")),
        replace(M6_SCHEDULED, due_on=day("2024-04-30"), window_end=day("2024-05-30")),
    )


def test_a_completed_follow_up_records_the_situation_of_the_person() -> None:
    given(decider, *FOLLOWED_JOURNEY).when(COMPLETE).then(COMPLETED)


def test_a_follow_up_is_completed_once_and_the_other_one_stays_pending() -> None:
    completed = given(decider, *FOLLOWED_JOURNEY, COMPLETED)
    completed.when(COMPLETE).then_refused("follow_up_already_completed")
    completed.when(FAIL_TO_REACH).then_refused("follow_up_already_completed")
    second = replace(COMPLETE, milestone=Milestone.M6, on=day("2024-05-30"))
    completed.when(second).then(replace(COMPLETED, milestone=Milestone.M6, on=day("2024-05-30")))


def test_failed_attempts_are_numbered_and_leave_the_follow_up_pending() -> None:
    tried = given(decider, *FOLLOWED_JOURNEY).when(FAIL_TO_REACH).then(NOT_REACHED)
    later = day("2024-03-04")
    tried_again = tried.when(replace(FAIL_TO_REACH, on=later)).then(replace(NOT_REACHED, attempt=2, on=later))
    tried_again.when(COMPLETE).then(COMPLETED)


@EACH_ATTEMPT
def test_no_attempt_is_made_more_than_15_days_before_the_due_date(command: CompleteFollowUp | RecordUnreachable) -> None:
    given(decider, *FOLLOWED_JOURNEY).when(replace(command, on=day("2024-02-13"))).then_refused("follow_up_too_early")
    event = COMPLETED if command is COMPLETE else NOT_REACHED
    earliest = day("2024-02-14")
    given(decider, *FOLLOWED_JOURNEY).when(replace(command, on=earliest)).then(replace(event, on=earliest))


@EACH_ATTEMPT
def test_only_a_scheduled_follow_up_is_done(command: CompleteFollowUp | RecordUnreachable) -> None:
    given(decider, *EXITED_JOURNEY).when(command).then_refused("follow_up_not_scheduled")
