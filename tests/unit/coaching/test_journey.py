"""Opening, referent, territory and renewal of the journeys of one person."""

from msgspec.structs import replace

from services.coaching.exits import JourneyExited
from services.coaching.follow_up import FollowUpCancelled, ScheduleFollowUps
from services.coaching.journey import (
    JourneyOpened,
    JourneyTransferred,
    ReferentAssigned,
    ReferentReplaced,
    ReplaceReferent,
    TransferJourney,
    decider,
)
from services.coaching.renewal import DenyRenewal, RenewalDenied, RenewalGranted
from tests.unit.coaching.stage import AGAIN, EXIT, GRANT, OPEN, day, journey, left, opened

REPLACE = ReplaceReferent(person="p-1", referent="coach-2", reason="DEPART", on=day("2023-03-01"))
MOVE = TransferJourney(person="p-1", to_territory="flers", on=day("2023-03-01"), territory="alencon")
DENY = DenyRenewal(person="p-1", reason="AUTRE_DISPOSITIF", proposed_action="Mission locale", on=day("2023-12-10"))


def test_a_first_journey_opens_with_its_one_referent() -> None:
    assert journey().when(OPEN) == [
        JourneyOpened(person="p-1", rank=1, orientation="o-1", territory="alencon", on=day("2023-01-10")),
        ReferentAssigned(person="p-1", rank=1, referent="coach-1", on=day("2023-01-10")),
    ]


def test_all_journeys_of_a_person_share_one_stream_whatever_the_territory() -> None:
    assert decider.stream(OPEN) == decider.stream(AGAIN) == "journey-p-1"


def test_a_second_journey_never_opens_beside_an_open_one() -> None:
    opened().refuses(AGAIN, "journey_already_open")


def test_the_referent_is_replaced_in_one_step() -> None:
    assert opened().when(REPLACE) == [
        ReferentReplaced(person="p-1", rank=1, former="coach-1", referent="coach-2", reason="DEPART", on=day("2023-03-01"))
    ]


def test_the_referent_does_not_replace_themselves() -> None:
    opened(REPLACE).refuses(REPLACE, "already_the_referent")


def test_nobody_refers_a_journey_that_is_not_open() -> None:
    journey().refuses(REPLACE, "journey_not_open")
    left().refuses(REPLACE, "journey_not_open")


def test_nothing_happens_to_a_journey_before_it_opened() -> None:
    opened().refuses(replace(REPLACE, on=day("2023-01-09")), "before_the_opening")


def test_a_journey_moves_and_its_exit_is_counted_where_it_then_is() -> None:
    moved = opened()
    assert moved.when(MOVE) == [
        JourneyTransferred(person="p-1", rank=1, from_territory="alencon", to_territory="flers", on=day("2023-03-01"))
    ]
    assert moved.when(replace(EXIT, reason="DEMANDE", outcomes=[], territory="flers")) == [
        JourneyExited(
            person="p-1",
            rank=1,
            exit_on=day("2023-11-30"),
            reason="DEMANDE",
            outcomes=[],
            orientation="o-1",
            territory="flers",
            on=day("2023-12-01"),
        )
    ]


def test_a_journey_does_not_move_to_where_it_is() -> None:
    opened().refuses(replace(MOVE, to_territory="alencon"), "already_in_the_territory")


def test_who_speaks_for_another_territory_neither_moves_nor_ends_a_journey() -> None:
    opened().refuses(replace(MOVE, territory="argentan"), "journey_in_another_territory")
    opened(MOVE).refuses(replace(EXIT, reason="DEMANDE", outcomes=[]), "journey_in_another_territory")


def test_a_journey_that_is_over_does_not_move() -> None:
    left().refuses(replace(MOVE, on=day("2023-12-20")), "journey_not_open")


def test_a_renewal_is_granted_for_the_coming_rank() -> None:
    assert left().when(GRANT) == [RenewalGranted(person="p-1", rank=2, on=day("2023-12-10"))]


def test_a_renewal_is_granted_once() -> None:
    left(GRANT).refuses(GRANT, "renewal_already_granted")
    left(GRANT).refuses(DENY, "renewal_already_granted")


def test_a_renewal_is_decided_after_the_exit() -> None:
    journey().refuses(GRANT, "journey_not_exited")
    opened().refuses(DENY, "journey_not_exited")
    left().refuses(replace(GRANT, on=day("2023-11-29")), "renewal_before_exit")


def test_a_renewal_is_denied_with_what_is_proposed_instead_and_may_be_granted_later() -> None:
    denied = left()
    assert denied.when(DENY) == [
        RenewalDenied(person="p-1", rank=2, reason="AUTRE_DISPOSITIF", proposed_action="Mission locale", on=day("2023-12-10"))
    ]
    assert denied.when(GRANT)


def test_a_renewal_opens_the_next_rank() -> None:
    assert left(GRANT).when(AGAIN) == [
        JourneyOpened(person="p-1", rank=2, orientation=None, territory="flers", on=day("2024-01-05")),
        ReferentAssigned(person="p-1", rank=2, referent="coach-2", on=day("2024-01-05")),
    ]


def test_a_renewal_that_opens_cancels_the_follow_ups_that_were_awaited() -> None:
    schedule = ScheduleFollowUps(person="p-1", rank=1, exit_on=day("2023-11-30"), on=day("2023-12-01"))
    assert left(schedule, GRANT).when(AGAIN)[:2] == [
        FollowUpCancelled(person="p-1", rank=1, milestone="M3", on=day("2024-01-05")),
        FollowUpCancelled(person="p-1", rank=1, milestone="M6", on=day("2024-01-05")),
    ]


def test_no_further_journey_without_a_granted_renewal() -> None:
    left().refuses(AGAIN, "renewal_not_granted")
    left(DENY).refuses(AGAIN, "renewal_not_granted")


def test_no_further_journey_before_the_day_of_the_grant() -> None:
    left(GRANT).refuses(replace(AGAIN, on=day("2023-12-09")), "renewal_not_granted")


def test_a_grant_is_used_once() -> None:
    ended = replace(
        EXIT,
        exit_on=day("2024-03-01"),
        reason="ABANDON",
        outcomes=[],
        on=day("2024-03-01"),
        recorded_on=day("2024-03-01"),
        territory="flers",
    )
    left(GRANT, AGAIN, ended).refuses(replace(AGAIN, on=day("2024-04-01")), "renewal_not_granted")
