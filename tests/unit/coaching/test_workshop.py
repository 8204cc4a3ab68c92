"""Seats are taken, attendance is recorded, and a workshop closes when every seat is resolved."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from services.coaching.attendance import (
    AttendanceWithdrawn,
    AttendWorkshop,
    MissWorkshop,
    WithdrawAttendance,
    WorkshopAttended,
    WorkshopMissed,
)
from services.coaching.coded_values import CorrectionReason, SeatReleaseReason
from services.coaching.workshop import (
    CloseWorkshop,
    ReleaseSeat,
    ScheduleWorkshop,
    SeatReleased,
    SeatTaken,
    TakeSeat,
    WorkshopClosed,
    WorkshopScheduled,
    decider,
)
from services.vocabulary.thematiques import LABELS
from tests.harness.specification import Given, given
from tests.unit.coaching.journeys import day

THEMATIQUE = min(LABELS)
TODAY = day("2023-03-15")
SCHEDULE = ScheduleWorkshop(
    workshop="w-1", kind="CV", thematique=THEMATIQUE, capacity=2, held_on=TODAY, on=day("2023-03-01"), territory="flers"
)
SCHEDULED = WorkshopScheduled(
    workshop="w-1", kind="CV", thematique=THEMATIQUE, capacity=2, held_on=TODAY, territory="flers", on=day("2023-03-01")
)
CLOSE = CloseWorkshop(workshop="w-1", on=TODAY)
CLOSED = WorkshopClosed(workshop="w-1", on=TODAY)


def workshop(*events: Any) -> Given:
    """A workshop of two seats, with these events after it was scheduled."""
    return given(decider, SCHEDULED, *events)


def take(person: str) -> TakeSeat:
    return TakeSeat(workshop="w-1", person=person, on=day("2023-03-02"))


def taken(person: str) -> SeatTaken:
    return SeatTaken(workshop="w-1", person=person, on=day("2023-03-02"))


def release(person: str) -> ReleaseSeat:
    return ReleaseSeat(workshop="w-1", person=person, reason=SeatReleaseReason.EMPECHEMENT, on=day("2023-03-03"))


def released(person: str) -> SeatReleased:
    return SeatReleased(workshop="w-1", person=person, reason=SeatReleaseReason.EMPECHEMENT, on=day("2023-03-03"))


def attend(person: str, walk_in: bool = False) -> AttendWorkshop:
    return AttendWorkshop(workshop="w-1", person=person, walk_in=walk_in, on=TODAY)


def attended(person: str, walk_in: bool = False) -> WorkshopAttended:
    return WorkshopAttended(workshop="w-1", person=person, walk_in=walk_in, thematique=THEMATIQUE, on=TODAY)


def miss(person: str) -> MissWorkshop:
    return MissWorkshop(workshop="w-1", person=person, excused=True, on=TODAY)


def missed(person: str) -> WorkshopMissed:
    return WorkshopMissed(workshop="w-1", person=person, excused=True, on=TODAY)


def withdraw(person: str) -> WithdrawAttendance:
    return WithdrawAttendance(workshop="w-1", person=person, why=CorrectionReason.SAISIE, on=day("2023-03-16"))


def withdrawn(person: str, seat: bool) -> AttendanceWithdrawn:
    return AttendanceWithdrawn(workshop="w-1", person=person, seat=seat, why=CorrectionReason.SAISIE, on=day("2023-03-16"))


def test_a_workshop_is_scheduled_once() -> None:
    given(decider).when(SCHEDULE).then(SCHEDULED)
    workshop().when(SCHEDULE).then_refused("workshop_already_scheduled")
    workshop(CLOSED).when(SCHEDULE).then_refused("workshop_already_scheduled")


def test_seats_are_taken_up_to_the_capacity() -> None:
    full = workshop().when(take("p-1")).then(taken("p-1")).when(take("p-2")).then(taken("p-2"))
    full.when(take("p-3")).then_refused("workshop_full")


def test_a_released_seat_is_free_for_another_person() -> None:
    one_free = workshop(taken("p-1"), taken("p-2")).when(release("p-1")).then(released("p-1"))
    one_free.when(take("p-3")).then(taken("p-3"))


def test_a_missed_seat_stays_taken() -> None:
    workshop(taken("p-1"), taken("p-2"), missed("p-1")).when(take("p-3")).then_refused("workshop_full")


def test_a_person_has_at_most_one_seat() -> None:
    workshop(taken("p-1")).when(take("p-1")).then_refused("seat_already_taken")
    workshop(attended("p-1", walk_in=True)).when(take("p-1")).then_refused("seat_already_taken")


def test_only_a_seat_whose_person_is_still_expected_is_released() -> None:
    workshop().when(release("p-1")).then_refused("seat_not_taken")
    workshop(taken("p-1"), attended("p-1")).when(release("p-1")).then_refused("attendance_already_recorded")
    workshop(taken("p-1"), missed("p-1")).when(release("p-1")).then_refused("attendance_already_recorded")


def test_a_person_with_a_seat_attends() -> None:
    workshop(taken("p-1")).when(attend("p-1")).then(attended("p-1"))


def test_a_person_without_a_seat_attends_as_a_flagged_walk_in_even_when_the_workshop_is_full() -> None:
    workshop().when(attend("p-9")).then_refused("seat_not_taken")
    full = workshop(taken("p-1"), taken("p-2"))
    full.when(attend("p-9", walk_in=True)).then(attended("p-9", walk_in=True))


def test_a_person_with_a_seat_is_no_walk_in() -> None:
    workshop(taken("p-1")).when(attend("p-1", walk_in=True)).then_refused("not_a_walk_in")


def test_only_a_person_who_was_expected_misses_a_workshop() -> None:
    workshop(taken("p-1")).when(miss("p-1")).then(missed("p-1"))
    workshop().when(miss("p-1")).then_refused("seat_not_taken")


@pytest.mark.parametrize("first", [attended("p-1"), missed("p-1")])
@pytest.mark.parametrize("second", [attend("p-1"), attend("p-1", walk_in=True), miss("p-1")])
def test_attendance_is_recorded_once(first: Any, second: Any) -> None:
    workshop(taken("p-1"), first).when(second).then_refused("attendance_already_recorded")


@pytest.mark.parametrize("command", [attend("p-1"), miss("p-1")])
def test_attendance_is_that_of_the_day(command: Any) -> None:
    workshop(taken("p-1")).when(replace(command, on=day("2023-03-14"))).then_refused("workshop_not_held_yet")
    workshop(taken("p-1")).when(replace(command, on=day("2023-03-16"))).then_refused("attendance_on_another_day")


def test_a_seat_is_taken_released_and_taken_again_in_the_order_of_the_days() -> None:
    workshop(taken("p-1")).when(replace(release("p-1"), on=day("2023-03-01"))).then_refused("before_the_seat")
    free = workshop(taken("p-1"), released("p-1"))
    free.when(take("p-1")).then_refused("before_the_release")
    free.when(replace(take("p-1"), on=day("2023-03-03"))).then(replace(taken("p-1"), on=day("2023-03-03")))


def test_seats_are_taken_and_released_up_to_the_day_of_the_workshop() -> None:
    for on in (TODAY, TODAY + timedelta(days=1)):
        took, gave = replace(take("p-1"), on=on), replace(release("p-1"), on=on)
        if on == TODAY:
            workshop().when(took).then(replace(taken("p-1"), on=on)).when(gave).then(replace(released("p-1"), on=on))
        else:
            workshop().when(took).then_refused("workshop_over")
            workshop(taken("p-1")).when(gave).then_refused("workshop_over")


@pytest.mark.parametrize("noted", [attended("p-1"), missed("p-1")])
def test_attendance_that_was_noted_by_mistake_is_withdrawn_and_noted_again(noted: Any) -> None:
    again = workshop(taken("p-1"), noted).when(withdraw("p-1")).then(withdrawn("p-1", seat=True))
    again.when(CLOSE).then_refused("seats_unresolved")
    again.when(withdraw("p-1")).then_refused("attendance_not_recorded")
    again.when(attend("p-1")).then(attended("p-1"))
    again.when(miss("p-1")).then(missed("p-1"))


def test_a_walk_in_who_was_noted_by_mistake_has_no_seat() -> None:
    stranger = workshop(attended("p-9", walk_in=True)).when(withdraw("p-9")).then(withdrawn("p-9", seat=False))
    stranger.when(miss("p-9")).then_refused("seat_not_taken")
    stranger.when(CLOSE).then(CLOSED)


def test_only_what_was_noted_is_withdrawn_and_only_until_the_workshop_closes() -> None:
    workshop(taken("p-1")).when(withdraw("p-1")).then_refused("attendance_not_recorded")
    workshop(taken("p-1"), attended("p-1"), CLOSED).when(withdraw("p-1")).then_refused("workshop_closed")


def test_a_workshop_closes_on_its_day_or_later() -> None:
    workshop().when(replace(CLOSE, on=TODAY - timedelta(days=1))).then_refused("workshop_not_held_yet")
    workshop().when(replace(CLOSE, on=TODAY + timedelta(days=1))).then(replace(CLOSED, on=TODAY + timedelta(days=1)))


def test_a_workshop_closes_when_every_seat_is_resolved() -> None:
    unresolved = workshop(taken("p-1"), taken("p-2"), attended("p-1")).when(CLOSE).then_refused("seats_unresolved")
    unresolved.when(miss("p-2")).then(missed("p-2")).when(CLOSE).then(CLOSED)


@pytest.mark.parametrize("command", [take("p-1"), release("p-1"), attend("p-1"), miss("p-1"), CLOSE])
def test_nothing_happens_to_an_unknown_or_closed_workshop(command: Any) -> None:
    given(decider).when(command).then_refused("workshop_unknown")
    workshop(CLOSED).when(command).then_refused("workshop_closed")


def test_each_workshop_has_its_own_stream() -> None:
    assert decider.stream(SCHEDULE) == "workshop-w-1"
