"""Follow-ups are due 3 and 6 calendar months after the exit, and are asked for at their time."""

import pytest
from msgspec.structs import replace

from services.coaching.exits import CorrectExit
from services.coaching.follow_up import (
    CompleteFollowUp,
    FollowUpCompleted,
    FollowUpScheduled,
    FollowUpUnreachable,
    RecordUnreachable,
    ScheduleFollowUps,
)
from tests.unit.coaching.stage import AGAIN, GRANT, day, journey, left, opened

SCHEDULE = ScheduleFollowUps(person="p-1", rank=1, exit_on=day("2023-11-30"), on=day("2023-12-01"))
COMPLETE = CompleteFollowUp(
    person="p-1", rank=1, milestone="M3", situation="FORMATION", still_in_outcome=False, channel="TELEPHONE", on=day("2024-02-29")
)
MISS = RecordUnreachable(person="p-1", rank=1, milestone="M3", on=day("2024-02-29"))


def test_follow_ups_are_due_after_calendar_months_clamped_to_the_end_of_the_month() -> None:
    assert left().when(SCHEDULE) == [
        FollowUpScheduled(
            person="p-1", rank=1, milestone="M3", due_on=day("2024-02-29"), window_end=day("2024-03-30"), on=day("2023-12-01")
        ),
        FollowUpScheduled(
            person="p-1", rank=1, milestone="M6", due_on=day("2024-05-30"), window_end=day("2024-06-29"), on=day("2023-12-01")
        ),
    ]


def test_follow_ups_are_scheduled_once() -> None:
    left(SCHEDULE).refuses(SCHEDULE, "follow_ups_already_scheduled")


def test_follow_ups_need_an_exit_of_that_rank() -> None:
    for command in (SCHEDULE, COMPLETE, MISS):
        journey().refuses(command, "journey_not_exited")
        opened().refuses(command, "journey_not_exited")
        left().refuses(replace(command, rank=2), "journey_not_exited")


def test_once_a_renewal_is_open_nobody_asks_any_more() -> None:
    for command in (SCHEDULE, COMPLETE, MISS):
        left(GRANT, AGAIN).refuses(command, "journey_reopened")
    left(SCHEDULE, GRANT, AGAIN).refuses(COMPLETE, "journey_reopened")


def test_follow_ups_are_counted_from_a_date_that_the_exit_had() -> None:
    left().refuses(replace(SCHEDULE, exit_on=day("2023-11-29")), "not_the_exit_date")


def test_an_exit_corrected_before_its_follow_ups_were_scheduled_gives_them_its_new_date() -> None:
    correct = CorrectExit(
        person="p-1",
        exit_on=day("2023-10-31"),
        reason="ABANDON",
        outcomes=[],
        why="SAISIE",
        on=day("2023-12-01"),
        recorded_on=day("2023-12-01"),
    )
    assert [event.due_on for event in left(correct).when(SCHEDULE)] == [day("2024-01-31"), day("2024-04-30")]


def test_a_person_who_is_reached_says_where_they_are() -> None:
    assert left(SCHEDULE).when(COMPLETE) == [
        FollowUpCompleted(
            person="p-1",
            rank=1,
            milestone="M3",
            situation="FORMATION",
            still_in_outcome=False,
            channel="TELEPHONE",
            on=day("2024-02-29"),
        )
    ]


def test_a_follow_up_is_completed_once_and_the_other_stays_awaited() -> None:
    done = left(SCHEDULE, COMPLETE)
    done.refuses(COMPLETE, "follow_up_already_completed")
    done.refuses(MISS, "follow_up_already_completed")
    assert done.when(replace(COMPLETE, milestone="M6", on=day("2024-05-30")))


def test_attempts_are_numbered_and_do_not_end_the_follow_up() -> None:
    tried = left(SCHEDULE)
    assert tried.when(MISS) == [FollowUpUnreachable(person="p-1", rank=1, milestone="M3", attempt=1, on=day("2024-02-29"))]
    assert [event.attempt for event in tried.when(replace(MISS, on=day("2024-03-04")))] == [2]
    assert tried.when(COMPLETE)


@pytest.mark.parametrize("command", [COMPLETE, MISS])
def test_nobody_asks_more_than_15_days_before_the_due_date(command: CompleteFollowUp | RecordUnreachable) -> None:
    left(SCHEDULE).refuses(replace(command, on=day("2024-02-13")), "follow_up_too_early")
    assert left(SCHEDULE).when(replace(command, on=day("2024-02-14")))


@pytest.mark.parametrize("command", [COMPLETE, MISS])
def test_only_a_scheduled_follow_up_is_done(command: CompleteFollowUp | RecordUnreachable) -> None:
    left().refuses(command, "follow_up_not_scheduled")
