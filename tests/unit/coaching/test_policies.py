"""The commands that coaching gives by itself pass the same validation and the same rules as those of a person."""

from typing import Any

import pytest

from services.coaching.follow_up import ScheduleFollowUps
from services.coaching.journey import decider
from services.coaching.opening import OpenJourney
from services.coaching.policies import POLICIES
from shared.policy import Policy
from tests.harness.policies import command_of
from tests.harness.specification import given
from tests.unit.coaching.journeys import (
    EXIT_DAY,
    EXITED,
    EXITED_JOURNEY,
    FOLLOWED_JOURNEY,
    M3_SCHEDULED,
    M6_SCHEDULED,
    OPEN_JOURNEY,
    RENEWED_JOURNEY,
    day,
)

OPEN_POLICY, SCHEDULE_POLICY = POLICIES
ORIENTATION_ACCEPTED = {"orientation": "o-1", "person": "p-1", "prescriber": "ft", "referent": "coach-1", "on": "2023-01-10"}
TODAY = day("2023-12-01")


def test_an_accepted_orientation_opens_a_journey_with_the_referent_that_it_names() -> None:
    command = command_of(OPEN_POLICY, ORIENTATION_ACCEPTED, on=TODAY)
    assert command == OpenJourney(person="p-1", referent="coach-1", orientation="o-1", on=TODAY, territory="alencon")
    assert len(given(decider).when(command).events()) == 2


def test_an_exit_schedules_its_follow_ups() -> None:
    command = command_of(SCHEDULE_POLICY, EXITED, on=TODAY)
    assert command == ScheduleFollowUps(person="p-1", rank=1, exit_on=EXIT_DAY, on=TODAY)
    given(decider, *EXITED_JOURNEY).when(command).then(M3_SCHEDULED, M6_SCHEDULED)


def test_each_policy_has_its_own_id_and_reacts_to_its_event() -> None:
    assert {policy.id: policy.event for policy in POLICIES} == {
        "open-the-journey-of-an-accepted-orientation": "intake.OrientationAccepted",
        "schedule-the-follow-ups-of-an-exit": "coaching.JourneyExited",
    }


@pytest.mark.parametrize(
    ("policy", "event", "history", "code"),
    [
        (OPEN_POLICY, ORIENTATION_ACCEPTED, OPEN_JOURNEY, "journey_already_open"),
        (SCHEDULE_POLICY, EXITED, FOLLOWED_JOURNEY, "follow_ups_already_scheduled"),
        (SCHEDULE_POLICY, EXITED, RENEWED_JOURNEY, "journey_reopened"),
    ],
)
def test_a_policy_tolerates_that_its_command_has_nothing_left_to_do(
    policy: Policy, event: Any, history: tuple[Any, ...], code: str
) -> None:
    given(decider, *history).when(command_of(policy, event, on=TODAY)).then_refused(code)
    assert code in policy.tolerates


def test_a_policy_tolerates_no_other_refusal() -> None:
    """A former participant who is oriented again needs a renewal. Somebody must see that, so it is not tolerated."""
    assert OPEN_POLICY.tolerates == {"journey_already_open"}
    given(decider, *EXITED_JOURNEY).when(command_of(OPEN_POLICY, ORIENTATION_ACCEPTED, on=TODAY)).then_refused("renewal_not_granted")
