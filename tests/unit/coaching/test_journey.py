"""Opening, referent, territory and renewal of the journeys of one person."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from services.coaching.coded_values import DenialReason, ExitReason, HandoverReason, Milestone, NeutralReason
from services.coaching.exits import JourneyExited
from services.coaching.follow_up import FollowUpCancelled, FollowUpScheduled
from services.coaching.handover import JourneyTransferred, ReferentReplaced, ReplaceReferent, TransferJourney
from services.coaching.journey import decider
from services.coaching.opening import JourneyOpened
from services.coaching.progress import BarrierIdentified, BarrierLifted
from services.coaching.renewal import DenyRenewal, RenewalDenied
from tests.harness.specification import given
from tests.unit.coaching.journeys import (
    ASSIGNED,
    CORRECT,
    EXIT,
    EXITED,
    EXITED_JOURNEY,
    FOLLOWED_JOURNEY,
    GRANT,
    GRANT_DAY,
    GRANTED,
    NEUTRALISED,
    OPEN,
    OPEN_JOURNEY,
    OPENED,
    REASSIGNED,
    RENEW,
    RENEWAL_DAY,
    RENEWED,
    RENEWED_JOURNEY,
    RESTORE,
    RESTORED,
    day,
)

MARCH = day("2023-03-01")
REPLACE = ReplaceReferent(person="p-1", referent="coach-2", reason=HandoverReason.DEPART, on=MARCH)
REPLACED = ReferentReplaced(person="p-1", rank=1, former="coach-1", referent="coach-2", reason=HandoverReason.DEPART, on=MARCH)
TRANSFER = TransferJourney(person="p-1", to_territory="flers", on=MARCH, territory="alencon")
TRANSFERRED = JourneyTransferred(person="p-1", rank=1, from_territory="alencon", to_territory="flers", on=MARCH)
EXIT_ON_REQUEST = replace(EXIT, reason=ExitReason.DEMANDE, outcomes=[])
DENY = DenyRenewal(person="p-1", reason=DenialReason.AUTRE_DISPOSITIF, proposed_action="Mission locale", on=GRANT_DAY)
DENIED = RenewalDenied(person="p-1", rank=2, reason=DenialReason.AUTRE_DISPOSITIF, proposed_action="Mission locale", on=GRANT_DAY)


def test_a_first_journey_opens_with_its_referent() -> None:
    given(decider).when(OPEN).then(OPENED, ASSIGNED)


def test_all_journeys_of_a_person_share_one_stream_whatever_the_territory() -> None:
    assert decider.stream(OPEN) == decider.stream(RENEW) == "journey-p-1"


def test_a_second_journey_never_opens_beside_an_open_one() -> None:
    given(decider, *OPEN_JOURNEY).when(RENEW).then_refused("journey_already_open")


def test_the_referent_is_replaced_by_one_event() -> None:
    given(decider, *OPEN_JOURNEY).when(REPLACE).then(REPLACED)


def test_a_referent_is_not_replaced_by_the_same_coach() -> None:
    given(decider, *OPEN_JOURNEY, REPLACED).when(REPLACE).then_refused("already_the_referent")


def test_a_journey_changes_hands_in_the_order_of_the_days() -> None:
    before = MARCH - timedelta(days=1)
    back = replace(REPLACE, referent="coach-1", on=before)
    given(decider, *OPEN_JOURNEY, REPLACED).when(back).then_refused("before_the_last_referent")
    home = replace(TRANSFER, to_territory="alencon", territory="flers")
    returned = replace(TRANSFERRED, from_territory="flers", to_territory="alencon")
    given(decider, *OPEN_JOURNEY, TRANSFERRED).when(replace(home, on=before)).then_refused("before_the_last_transfer")
    given(decider, *OPEN_JOURNEY, TRANSFERRED).when(home).then(returned)


def test_only_an_open_journey_gets_another_referent() -> None:
    given(decider).when(REPLACE).then_refused("journey_not_open")
    given(decider, *EXITED_JOURNEY).when(REPLACE).then_refused("journey_not_open")


def test_nothing_happens_to_a_journey_before_it_opened() -> None:
    given(decider, *OPEN_JOURNEY).when(replace(REPLACE, on=day("2023-01-09"))).then_refused("before_the_opening")


def test_the_exit_of_a_transferred_journey_counts_in_its_new_territory() -> None:
    transferred = given(decider, *OPEN_JOURNEY).when(TRANSFER).then(TRANSFERRED)
    exited = replace(EXITED, reason=ExitReason.DEMANDE, outcomes=[], territory="flers")
    transferred.when(replace(EXIT_ON_REQUEST, territory="flers")).then(exited)


def test_a_journey_is_not_transferred_to_its_own_territory() -> None:
    given(decider, *OPEN_JOURNEY).when(replace(TRANSFER, to_territory="alencon")).then_refused("already_in_the_territory")


def test_only_an_actor_of_its_territory_transfers_or_ends_a_journey() -> None:
    given(decider, *OPEN_JOURNEY).when(replace(TRANSFER, territory="argentan")).then_refused("journey_in_another_territory")
    given(decider, *OPEN_JOURNEY, TRANSFERRED).when(EXIT_ON_REQUEST).then_refused("journey_in_another_territory")


def test_an_exited_journey_is_not_transferred() -> None:
    given(decider, *EXITED_JOURNEY).when(replace(TRANSFER, on=day("2023-12-20"))).then_refused("journey_not_open")


def test_a_renewal_is_granted_for_the_next_rank() -> None:
    given(decider, *EXITED_JOURNEY).when(GRANT).then(GRANTED)


def test_a_renewal_is_granted_once_and_a_denial_withdraws_the_grant() -> None:
    granted = given(decider, *EXITED_JOURNEY, GRANTED)
    granted.when(GRANT).then_refused("renewal_already_granted")
    denied = granted.when(DENY).then(DENIED)
    denied.when(RENEW).then_refused("renewal_not_granted")
    denied.when(GRANT).then(GRANTED).when(RENEW).then(RENEWED, REASSIGNED)


def test_decisions_about_a_renewal_are_in_the_order_of_their_days() -> None:
    before = GRANT_DAY - timedelta(days=1)
    given(decider, *EXITED_JOURNEY, DENIED).when(replace(GRANT, on=before)).then_refused("before_the_last_decision")
    given(decider, *EXITED_JOURNEY, GRANTED).when(replace(DENY, on=before)).then_refused("before_the_last_decision")


@pytest.mark.parametrize("command", [RENEW, GRANT, DENY])
def test_no_renewal_is_decided_or_opened_for_somebody_who_died(command: Any) -> None:
    died = replace(NEUTRALISED, reason=NeutralReason.DECES)
    given(decider, *EXITED_JOURNEY, GRANTED, died).when(command).then_refused("person_deceased")
    restored = given(decider, *EXITED_JOURNEY, GRANTED, died, RESTORED)
    restored.when(replace(RENEW, on=RESTORED.on)).then_some(JourneyOpened)


def test_a_renewal_is_decided_on_while_no_journey_is_open() -> None:
    given(decider, *RENEWED_JOURNEY).when(replace(GRANT, on=RENEWAL_DAY)).then_refused("journey_not_exited")


def test_a_renewal_is_decided_after_the_exit() -> None:
    given(decider).when(GRANT).then_refused("journey_not_exited")
    given(decider, *OPEN_JOURNEY).when(DENY).then_refused("journey_not_exited")
    given(decider, *EXITED_JOURNEY).when(replace(GRANT, on=day("2023-11-29"))).then_refused("renewal_before_exit")


def test_a_renewal_is_denied_with_a_proposed_action_and_may_be_granted_later() -> None:
    given(decider, *EXITED_JOURNEY).when(DENY).then(DENIED).when(GRANT).then(GRANTED)


def test_a_renewal_opens_the_next_rank() -> None:
    given(decider, *EXITED_JOURNEY, GRANTED).when(RENEW).then(RENEWED, REASSIGNED)


def test_the_opening_of_a_renewal_cancels_the_pending_follow_ups() -> None:
    m3, m6 = (FollowUpCancelled(person="p-1", rank=1, milestone=milestone, on=RENEWAL_DAY) for milestone in Milestone)
    given(decider, *FOLLOWED_JOURNEY, GRANTED).when(RENEW).then(m3, m6, RENEWED, REASSIGNED)


def test_no_further_journey_opens_without_a_granted_renewal() -> None:
    given(decider, *EXITED_JOURNEY).when(RENEW).then_refused("renewal_not_granted")
    given(decider, *EXITED_JOURNEY, DENIED).when(RENEW).then_refused("renewal_not_granted")


def test_no_further_journey_opens_before_the_day_of_the_grant() -> None:
    given(decider, *EXITED_JOURNEY, GRANTED).when(replace(RENEW, on=day("2023-12-09"))).then_refused("renewal_not_granted")


def test_a_grant_is_used_once() -> None:
    end = day("2024-03-01")
    second_exit = replace(EXITED, rank=2, exit_on=end, reason=ExitReason.ABANDON, outcomes=[], orientation=None, territory="flers", on=end)
    given(decider, *RENEWED_JOURNEY, second_exit).when(replace(RENEW, on=day("2024-04-01"))).then_refused("renewal_not_granted")


def test_what_earlier_releases_recorded_is_still_read() -> None:
    """They took facts in any order of their days, and a renewal cancelled every pending follow-up."""
    before, due = OPENED.on - timedelta(days=5), day("2024-03-11")
    lifted = BarrierLifted(person="p-1", rank=1, thematique="t", on=before)
    history = (*OPEN_JOURNEY, BarrierIdentified(person="p-1", rank=1, thematique="t", on=MARCH), lifted, *FOLLOWED_JOURNEY[2:])
    cancelled = tuple(FollowUpCancelled(person="p-1", rank=1, milestone=milestone, on=due) for milestone in Milestone)
    renewed = given(decider, *history, GRANTED, *cancelled, replace(RENEWED, on=due), replace(REASSIGNED, on=due), NEUTRALISED)
    renewed.when(replace(EXIT_ON_REQUEST, exit_on=due, on=due, territory="flers")).then_some(JourneyExited)
    still_due = given(decider, *FOLLOWED_JOURNEY, NEUTRALISED).when(RESTORE).then(RESTORED)
    still_due.when(CORRECT).then_some(FollowUpScheduled)
