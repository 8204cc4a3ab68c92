"""Opening, referent, territory and renewal of the journeys of one person."""

from msgspec.structs import replace

from services.coaching.coded_values import DenialReason, ExitReason, HandoverReason, Milestone
from services.coaching.follow_up import FollowUpCancelled
from services.coaching.journey import JourneyTransferred, ReferentReplaced, ReplaceReferent, TransferJourney, decider
from services.coaching.renewal import DenyRenewal, RenewalDenied
from tests.harness.specification import given
from tests.unit.coaching.journeys import (
    ASSIGNED,
    EXIT,
    EXITED,
    EXITED_JOURNEY,
    FOLLOWED_JOURNEY,
    GRANT,
    GRANT_DAY,
    GRANTED,
    OPEN,
    OPEN_JOURNEY,
    OPENED,
    REASSIGNED,
    RENEW,
    RENEWAL_DAY,
    RENEWED,
    RENEWED_JOURNEY,
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


def test_a_granted_renewal_is_neither_granted_again_nor_denied() -> None:
    given(decider, *EXITED_JOURNEY, GRANTED).when(GRANT).then_refused("renewal_already_granted")
    given(decider, *EXITED_JOURNEY, GRANTED).when(DENY).then_refused("renewal_already_granted")


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
