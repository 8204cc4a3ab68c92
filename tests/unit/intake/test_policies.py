"""The commands that intake gives by itself when a journey opens or a partner accepts a referral."""

from typing import Any

import pytest

from services.intake.coded_values import ClosingReason
from services.intake.person import CloseContact, StartCoaching, decider
from services.intake.policies import POLICIES
from shared.policy import Policy
from tests.harness.policies import command_of
from tests.harness.specification import given
from tests.unit.intake.people import CLOSED, DAY, DESTROYED, IDENTIFIED, MERGED, STARTED

START_POLICY, CLOSE_POLICY = POLICIES
JOURNEY_OPENED = {"person": "p-1", "rank": 1, "orientation": None, "territory": "alencon", "on": "2023-03-01"}
REFERRAL_ACCEPTED = {"person": "p-1", "referral": "r-1", "partner": "greta-orne", "on": "2023-03-01"}


def test_an_opened_journey_starts_coaching_of_its_rank() -> None:
    assert START_POLICY.event == "coaching.JourneyOpened"
    assert command_of(START_POLICY, {**JOURNEY_OPENED, "rank": 2}, on=DAY) == StartCoaching(person="p-1", rank=2, on=DAY)


def test_an_accepted_referral_closes_the_contact() -> None:
    assert CLOSE_POLICY.event == "referrals.ReferralAccepted"
    assert command_of(CLOSE_POLICY, REFERRAL_ACCEPTED, on=DAY) == CloseContact(person="p-1", reason=ClosingReason.REORIENTE, on=DAY)


@pytest.mark.parametrize(
    ("policy", "event", "history", "code"),
    [
        (CLOSE_POLICY, REFERRAL_ACCEPTED, (), "person_unknown"),
        (CLOSE_POLICY, REFERRAL_ACCEPTED, (STARTED,), "person_unknown"),
        (CLOSE_POLICY, REFERRAL_ACCEPTED, (IDENTIFIED, STARTED), "person_is_coached"),
        (CLOSE_POLICY, REFERRAL_ACCEPTED, (IDENTIFIED, CLOSED), "contact_already_closed"),
        (CLOSE_POLICY, REFERRAL_ACCEPTED, (IDENTIFIED, MERGED), "person_merged"),
        (CLOSE_POLICY, REFERRAL_ACCEPTED, (IDENTIFIED, DESTROYED), "person_erased"),
        (START_POLICY, JOURNEY_OPENED, (IDENTIFIED, STARTED), "already_coached"),
        (START_POLICY, JOURNEY_OPENED, (IDENTIFIED, MERGED), "person_merged"),
        (START_POLICY, JOURNEY_OPENED, (IDENTIFIED, DESTROYED), "person_erased"),
    ],
)
def test_a_policy_tolerates_that_its_command_has_nothing_left_to_do(
    policy: Policy, event: Any, history: tuple[Any, ...], code: str
) -> None:
    given(decider, *history).when(command_of(policy, event, on=DAY)).then_refused(code)
    assert code in policy.tolerates
