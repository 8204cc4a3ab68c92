"""The commands that referrals gives by itself when an orientation is accepted or a journey ends."""

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from services.referrals import prescriber_information, referral
from services.referrals.coded_values import WithdrawalReason
from services.referrals.policies import POLICIES
from services.referrals.referral import ReferralWithdrawn, WithdrawOpenReferrals
from shared.decider import Decider
from shared.policy import Policy
from tests.harness.policies import command_of, commands_of
from tests.harness.specification import given
from tests.unit.referrals.test_prescriber_information import INFORM, INFORM_OF_EXIT, INFORMED, INFORMED_OF_EXIT
from tests.unit.referrals.test_referral import ACCEPTED, SENT

DAY = date(2023, 3, 1)
ACCEPTED_POLICY, EXITED_POLICY, WITHDRAW_POLICY, MERGED_POLICY = POLICIES
ORIENTATION_ACCEPTED = {"orientation": "o-1", "person": "p-1", "prescriber": "ml-alencon", "referent": "coach-1", "on": "2023-03-01"}
JOURNEY_EXITED = {"person": "p-1", "rank": 1, "orientation": "o-1", "on": "2023-03-01"}


def test_an_accepted_orientation_informs_its_prescriber() -> None:
    assert ACCEPTED_POLICY.event == "intake.OrientationAccepted"
    assert command_of(ACCEPTED_POLICY, ORIENTATION_ACCEPTED, on=DAY) == INFORM


def test_an_exit_informs_the_prescriber_if_there_is_one() -> None:
    assert EXITED_POLICY.event == "coaching.JourneyExited"
    assert command_of(EXITED_POLICY, JOURNEY_EXITED, on=DAY) == INFORM_OF_EXIT
    assert commands_of(EXITED_POLICY, {**JOURNEY_EXITED, "orientation": None}, on=DAY) == []


def test_an_exit_informs_the_prescriber_of_every_orientation_of_the_journey() -> None:
    joined = commands_of(EXITED_POLICY, {**JOURNEY_EXITED, "joined": ["o-2", "o-3"]}, on=DAY)
    assert joined == [INFORM_OF_EXIT, replace(INFORM_OF_EXIT, orientation="o-2"), replace(INFORM_OF_EXIT, orientation="o-3")]
    assert commands_of(EXITED_POLICY, {**JOURNEY_EXITED, "orientation": None, "joined": ["o-2"]}, on=DAY) == joined[1:2]


def test_an_exit_withdraws_the_open_referrals() -> None:
    assert WITHDRAW_POLICY.event == "coaching.JourneyExited"
    command = WithdrawOpenReferrals(person="p-1", reason=WithdrawalReason.SORTIE, on=DAY)
    assert command_of(WITHDRAW_POLICY, JOURNEY_EXITED, on=DAY) == command


def test_a_merge_withdraws_the_open_referrals_of_the_record_that_is_gone() -> None:
    merged = {"kept": "p-2", "merged": "p-1", "on": "2023-03-01"}
    command = WithdrawOpenReferrals(person="p-1", reason=WithdrawalReason.FICHE_REUNIE, on=DAY)
    assert command_of(MERGED_POLICY, merged, on=DAY) == command
    given(referral.decider, SENT).when(command).then_some(ReferralWithdrawn)


@pytest.mark.parametrize(
    ("policy", "event", "decider", "history", "code"),
    [
        (ACCEPTED_POLICY, ORIENTATION_ACCEPTED, prescriber_information.decider, (INFORMED,), "prescriber_already_informed"),
        (EXITED_POLICY, JOURNEY_EXITED, prescriber_information.decider, (INFORMED, INFORMED_OF_EXIT), "prescriber_already_informed"),
        (EXITED_POLICY, JOURNEY_EXITED, prescriber_information.decider, (), "prescriber_unknown"),
        (WITHDRAW_POLICY, JOURNEY_EXITED, referral.decider, (), "no_open_referral"),
        (WITHDRAW_POLICY, JOURNEY_EXITED, referral.decider, (SENT, ACCEPTED), "no_open_referral"),
    ],
)
def test_a_policy_tolerates_that_its_command_has_nothing_left_to_do(
    policy: Policy, event: Any, decider: Decider[Any, Any, Any], history: tuple[Any, ...], code: str
) -> None:
    given(decider, *history).when(command_of(policy, event, on=DAY)).then_refused(code)
    assert code in policy.tolerates
