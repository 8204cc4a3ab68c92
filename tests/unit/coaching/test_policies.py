"""The commands that coaching gives by itself pass the same validation and the same rules as those of a person."""

from typing import Any

import pytest
from msgspec.structs import replace

from services.coaching.coded_values import ExitReason
from services.coaching.follow_up import ScheduleFollowUps
from services.coaching.journey import decider
from services.coaching.opening import JoinOrientation, OpenJourney, OrientationJoined
from services.coaching.policies import POLICIES
from shared.policy import Policy
from tests.harness.policies import command_of
from tests.harness.specification import given
from tests.unit.coaching.journeys import (
    EXIT,
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

OPEN_POLICY, JOIN_POLICY, SCHEDULE_POLICY = POLICIES
ORIENTATION_ACCEPTED = {"orientation": "o-1", "person": "p-1", "prescriber": "ft", "referent": "coach-1", "on": "2023-01-10"}
TODAY = day("2023-12-01")


def test_an_accepted_orientation_opens_a_journey_with_the_referent_that_it_names() -> None:
    command = command_of(OPEN_POLICY, ORIENTATION_ACCEPTED, on=TODAY)
    assert command == OpenJourney(person="p-1", referent="coach-1", orientation="o-1", on=TODAY, territory="alencon")
    assert len(given(decider).when(command).events()) == 2


def test_an_orientation_of_somebody_who_is_coached_joins_the_journey_and_its_exit() -> None:
    command = command_of(JOIN_POLICY, ORIENTATION_ACCEPTED | {"orientation": "o-2"}, on=TODAY)
    assert command == JoinOrientation(person="p-1", orientation="o-2", on=TODAY)
    joined = OrientationJoined(person="p-1", rank=1, orientation="o-2", on=TODAY)
    given(decider, *OPEN_JOURNEY).when(command).then(joined)
    given(decider, *OPEN_JOURNEY, joined).when(command).then_refused("orientation_already_joined")
    (exited, *_) = given(decider, *OPEN_JOURNEY, joined).when(replace(EXIT, reason=ExitReason.ABANDON, outcomes=[])).events()
    assert exited.joined == ["o-2"]


def test_an_exit_schedules_its_follow_ups() -> None:
    command = command_of(SCHEDULE_POLICY, EXITED, on=TODAY)
    assert command == ScheduleFollowUps(person="p-1", rank=1, exit_on=EXIT_DAY, on=TODAY)
    given(decider, *EXITED_JOURNEY).when(command).then(M3_SCHEDULED, M6_SCHEDULED)


def test_each_policy_has_its_own_id_and_reacts_to_its_event() -> None:
    assert {policy.id: policy.event for policy in POLICIES} == {
        "open-the-journey-of-an-accepted-orientation": "intake.OrientationAccepted",
        "an orientation of somebody who is coached joins the journey": "intake.OrientationAccepted",
        "schedule-the-follow-ups-of-an-exit": "coaching.JourneyExited",
    }


@pytest.mark.parametrize(
    ("policy", "event", "history", "code"),
    [
        (OPEN_POLICY, ORIENTATION_ACCEPTED | {"orientation": "o-2"}, OPEN_JOURNEY, "journey_already_open"),
        (OPEN_POLICY, ORIENTATION_ACCEPTED, OPEN_JOURNEY, "orientation_already_joined"),
        (OPEN_POLICY, ORIENTATION_ACCEPTED, EXITED_JOURNEY, "orientation_already_joined"),
        (JOIN_POLICY, ORIENTATION_ACCEPTED, OPEN_JOURNEY, "orientation_already_joined"),
        (JOIN_POLICY, ORIENTATION_ACCEPTED | {"orientation": "o-2"}, EXITED_JOURNEY, "journey_not_open"),
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
    assert OPEN_POLICY.tolerates == {"journey_already_open", "orientation_already_joined"}
    given(decider, *EXITED_JOURNEY).when(command_of(OPEN_POLICY, ORIENTATION_ACCEPTED | {"orientation": "o-2"}, on=TODAY)).then_refused(
        "renewal_not_granted"
    )
