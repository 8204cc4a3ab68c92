"""Follow-ups are due 3 and 6 calendar months after the exit, and are done at their time."""

from datetime import date

import pytest
from msgspec.structs import replace

from services.coaching.coded_values import CorrectionReason, ExitReason, FollowUpChannel, Milestone, NeutralReason, Situation
from services.coaching.exits import ExitCorrected
from services.coaching.follow_up import (
    CompleteFollowUp,
    FollowUpCancelled,
    FollowUpCompleted,
    FollowUpUnreachable,
    RecordUnreachable,
    ScheduleFollowUps,
    due_dates,
)
from services.coaching.journey import decider
from tests.harness.specification import given
from tests.unit.coaching.journeys import (
    CORRECT,
    CORRECTED,
    EXIT_REPORT_DAY,
    EXITED_JOURNEY,
    FOLLOWED_JOURNEY,
    GRANTED,
    M3_SCHEDULED,
    M6_SCHEDULED,
    NEUTRALISE,
    NEUTRALISED,
    OPEN_JOURNEY,
    REASSIGNED,
    RENEW,
    RENEWAL_DAY,
    RENEWED,
    RENEWED_JOURNEY,
    RESTORE,
    RESTORED,
    SCHEDULE,
    SECOND_EXITED,
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

M3_CANCELLED, M6_CANCELLED = (FollowUpCancelled(person="p-1", rank=1, milestone=each, on=RENEWAL_DAY) for each in Milestone)
M3_STOPPED, M6_STOPPED = (replace(each, on=NEUTRALISE.on) for each in (M3_CANCELLED, M6_CANCELLED))

EVERY_COMMAND = pytest.mark.parametrize("command", [SCHEDULE, COMPLETE, FAIL_TO_REACH])
EACH_ATTEMPT = pytest.mark.parametrize("command", [COMPLETE, FAIL_TO_REACH])


def test_follow_ups_are_due_after_calendar_months_clamped_to_the_end_of_the_month() -> None:
    given(decider, *EXITED_JOURNEY).when(SCHEDULE).then(M3_SCHEDULED, M6_SCHEDULED)


@pytest.mark.parametrize(
    ("exit_on", "m3", "m6"),
    [
        ("2023-11-29", "2024-02-29", "2024-05-29"),
        ("2022-11-30", "2023-02-28", "2023-05-30"),
        ("2023-08-31", "2023-11-30", "2024-02-29"),
        ("2023-12-31", "2024-03-31", "2024-06-30"),
    ],
)
def test_the_end_of_a_month_is_clamped(exit_on: str, m3: str, m6: str) -> None:
    assert due_dates(day(exit_on), None) == {Milestone.M3: day(m3), Milestone.M6: day(m6)}


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


def test_a_scheduled_follow_up_is_not_done_once_a_renewal_has_opened_before_it_was_due() -> None:
    renewal = given(decider, *FOLLOWED_JOURNEY, GRANTED).when(RENEW).then(M3_CANCELLED, M6_CANCELLED, RENEWED, REASSIGNED)
    renewal.when(COMPLETE).then_refused("journey_reopened")


@pytest.mark.parametrize("opened_on", [DUE_DAY, day("2024-03-11")])
def test_a_renewal_leaves_a_follow_up_that_is_due(opened_on: date) -> None:
    renewed, reassigned, m6_cancelled = (replace(event, on=opened_on) for event in (RENEWED, REASSIGNED, M6_CANCELLED))
    renewal = given(decider, *FOLLOWED_JOURNEY, GRANTED).when(replace(RENEW, on=opened_on)).then(m6_cancelled, renewed, reassigned)
    renewal.when(replace(COMPLETE, on=opened_on)).then(replace(COMPLETED, on=opened_on))
    later = given(decider, *EXITED_JOURNEY, GRANTED, renewed, reassigned)
    later.when(SCHEDULE).then(M3_SCHEDULED)


def test_a_correction_after_a_renewal_moves_the_follow_ups_that_the_renewal_left_and_cancels_those_it_now_precedes() -> None:
    opened_on = day("2024-03-11")
    m6_cancelled = replace(M6_CANCELLED, on=opened_on)
    renewal = given(decider, *FOLLOWED_JOURNEY, GRANTED, m6_cancelled, replace(RENEWED, on=opened_on), replace(REASSIGNED, on=opened_on))
    earlier = replace(CORRECT, exit_on=day("2023-11-20"))
    moved = replace(M3_SCHEDULED, due_on=day("2024-02-20"), window_end=day("2024-03-21"), on=CORRECT.on)
    renewal.when(earlier).then(replace(CORRECTED, exit_on=day("2023-11-20")), moved)
    later = replace(CORRECT, exit_on=day("2023-12-15"))
    renewal.when(later).then(replace(CORRECTED, exit_on=day("2023-12-15")), replace(M3_CANCELLED, on=CORRECT.on))


@pytest.mark.parametrize("reason", NeutralReason)
def test_a_neutralised_exit_has_no_follow_up(reason: NeutralReason) -> None:
    events = (replace(NEUTRALISED, reason=reason), M3_STOPPED, M6_STOPPED)
    stopped = given(decider, *FOLLOWED_JOURNEY).when(replace(NEUTRALISE, reason=reason)).then(*events)
    for command in (SCHEDULE, COMPLETE, FAIL_TO_REACH):
        stopped.when(command).then_refused("exit_neutralised")
        given(decider, *EXITED_JOURNEY, NEUTRALISED).when(command).then_refused("exit_neutralised")


def test_an_exit_that_counts_again_has_the_follow_ups_that_were_not_done() -> None:
    stopped = given(decider, *FOLLOWED_JOURNEY, COMPLETED).when(NEUTRALISE).then(NEUTRALISED, M6_STOPPED)
    stopped.when(RESTORE).then(RESTORED, replace(M6_SCHEDULED, on=RESTORE.on))
    unscheduled = given(decider, *EXITED_JOURNEY, NEUTRALISED)
    again = unscheduled.when(RESTORE).then(RESTORED, replace(M3_SCHEDULED, on=RESTORE.on), replace(M6_SCHEDULED, on=RESTORE.on))
    again.when(SCHEDULE).then_refused("follow_ups_already_scheduled")


def test_an_exit_that_counts_again_has_no_follow_up_that_a_renewal_preceded() -> None:
    history = (*FOLLOWED_JOURNEY, GRANTED, M3_CANCELLED, M6_CANCELLED, RENEWED, REASSIGNED, NEUTRALISED)
    given(decider, *history).when(replace(RESTORE, rank=1)).then(RESTORED)


def test_a_death_cancels_the_follow_ups_of_every_rank_until_it_is_lifted() -> None:
    opened_on = day("2024-03-11")
    renewed = (GRANTED, replace(M6_CANCELLED, on=opened_on), replace(RENEWED, on=opened_on), replace(REASSIGNED, on=opened_on))
    over = given(decider, *FOLLOWED_JOURNEY, *renewed, replace(SECOND_EXITED, exit_on=day("2024-04-01"), on=day("2024-04-01")))
    on = day("2024-04-10")
    died = replace(NEUTRALISED, rank=2, reason=NeutralReason.DECES, on=on)
    dead = over.when(replace(NEUTRALISE, reason=NeutralReason.DECES, on=on)).then(died, replace(M3_CANCELLED, on=on))
    for command in (COMPLETE, FAIL_TO_REACH, replace(SCHEDULE, rank=1)):
        dead.when(command).then_refused("person_deceased")
    lift = replace(RESTORE, on=day("2024-04-12"))
    alive = dead.when(lift).events()
    assert [(type(event).__name__, event.rank) for event in alive] == [
        ("NeutralisationLifted", 2),
        ("FollowUpScheduled", 1),
        ("FollowUpScheduled", 2),
        ("FollowUpScheduled", 2),
    ]


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
    tried_again.when(COMPLETE).then_refused("before_the_last_attempt")
    tried_again.when(replace(COMPLETE, on=later)).then(replace(COMPLETED, on=later))


@EACH_ATTEMPT
def test_no_attempt_is_made_more_than_15_days_before_the_due_date(command: CompleteFollowUp | RecordUnreachable) -> None:
    given(decider, *FOLLOWED_JOURNEY).when(replace(command, on=day("2024-02-13"))).then_refused("follow_up_too_early")
    event = COMPLETED if command is COMPLETE else NOT_REACHED
    earliest = day("2024-02-14")
    given(decider, *FOLLOWED_JOURNEY).when(replace(command, on=earliest)).then(replace(event, on=earliest))


@EACH_ATTEMPT
def test_only_a_scheduled_follow_up_is_done(command: CompleteFollowUp | RecordUnreachable) -> None:
    given(decider, *EXITED_JOURNEY).when(command).then_refused("follow_up_not_scheduled")
