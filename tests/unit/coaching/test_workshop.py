"""Seats, attendance, and a sheet that closes when nothing is in doubt."""

from typing import Any

from msgspec.structs import replace

from services.coaching.words import THEMATIQUES
from services.coaching.workshop import (
    AttendWorkshop,
    CloseWorkshop,
    MissWorkshop,
    ReleaseSeat,
    ScheduleWorkshop,
    SeatReleased,
    SeatTaken,
    TakeSeat,
    WorkshopAttended,
    WorkshopClosed,
    WorkshopMissed,
    WorkshopScheduled,
    decider,
)
from tests.unit.coaching.stage import Stage, day

THEMATIQUE = min(THEMATIQUES)
TODAY = day("2023-03-15")
SCHEDULE = ScheduleWorkshop(
    workshop="w-1", kind="CV", thematique=THEMATIQUE, capacity=2, held_on=TODAY, on=day("2023-03-01"), territory="flers"
)
CLOSE = CloseWorkshop(workshop="w-1", on=TODAY)


def workshop(*given: Any) -> Stage:
    return Stage(decider, [SCHEDULE, *given])


def take(person: str) -> TakeSeat:
    return TakeSeat(workshop="w-1", person=person, on=day("2023-03-02"))


def release(person: str) -> ReleaseSeat:
    return ReleaseSeat(workshop="w-1", person=person, reason="EMPECHEMENT", on=day("2023-03-03"))


def attend(person: str, walk_in: bool = False) -> AttendWorkshop:
    return AttendWorkshop(workshop="w-1", person=person, walk_in=walk_in, on=TODAY)


def miss(person: str) -> MissWorkshop:
    return MissWorkshop(workshop="w-1", person=person, excused=True, on=TODAY)


def test_a_workshop_is_scheduled_once_on_a_known_thematique() -> None:
    assert Stage(decider).when(SCHEDULE) == [
        WorkshopScheduled(
            workshop="w-1", kind="CV", thematique=THEMATIQUE, capacity=2, held_on=TODAY, territory="flers", on=day("2023-03-01")
        )
    ]
    workshop().refuses(SCHEDULE, "workshop_already_scheduled")
    workshop(CLOSE).refuses(SCHEDULE, "workshop_already_scheduled")
    Stage(decider).refuses(replace(SCHEDULE, thematique="cv"), "unknown_thematique")


def test_seats_are_taken_up_to_the_capacity() -> None:
    room = workshop()
    assert room.when(take("p-1")) == [SeatTaken(workshop="w-1", person="p-1", on=day("2023-03-02"))]
    room.when(take("p-2"))
    room.refuses(take("p-3"), "workshop_full")


def test_a_released_seat_is_for_somebody_else() -> None:
    room = workshop(take("p-1"), take("p-2"))
    assert room.when(release("p-1")) == [SeatReleased(workshop="w-1", person="p-1", reason="EMPECHEMENT", on=day("2023-03-03"))]
    assert room.when(take("p-3"))


def test_a_missed_seat_stays_taken() -> None:
    workshop(take("p-1"), take("p-2"), miss("p-1")).refuses(take("p-3"), "workshop_full")


def test_a_person_has_one_place() -> None:
    workshop(take("p-1")).refuses(take("p-1"), "seat_already_taken")
    workshop(attend("p-1", walk_in=True)).refuses(take("p-1"), "seat_already_taken")


def test_only_a_seat_that_is_awaited_is_released() -> None:
    workshop().refuses(release("p-1"), "seat_not_taken")
    workshop(take("p-1"), attend("p-1")).refuses(release("p-1"), "attendance_already_recorded")
    workshop(take("p-1"), miss("p-1")).refuses(release("p-1"), "attendance_already_recorded")


def test_who_has_a_seat_attends() -> None:
    assert workshop(take("p-1")).when(attend("p-1")) == [
        WorkshopAttended(workshop="w-1", person="p-1", walk_in=False, thematique=THEMATIQUE, on=TODAY)
    ]


def test_who_has_none_attends_as_a_flagged_walk_in_even_in_a_full_room() -> None:
    workshop().refuses(attend("p-9"), "seat_not_taken")
    full = workshop(take("p-1"), take("p-2"))
    assert full.when(attend("p-9", walk_in=True)) == [
        WorkshopAttended(workshop="w-1", person="p-9", walk_in=True, thematique=THEMATIQUE, on=TODAY)
    ]


def test_who_has_a_seat_is_no_walk_in() -> None:
    workshop(take("p-1")).refuses(attend("p-1", walk_in=True), "not_a_walk_in")


def test_who_was_expected_and_did_not_come_missed_it() -> None:
    assert workshop(take("p-1")).when(miss("p-1")) == [WorkshopMissed(workshop="w-1", person="p-1", excused=True, on=TODAY)]
    workshop().refuses(miss("p-1"), "seat_not_taken")


def test_attendance_is_recorded_once() -> None:
    for first in (attend("p-1"), miss("p-1")):
        room = workshop(take("p-1"), first)
        for second in (attend("p-1"), attend("p-1", walk_in=True), miss("p-1")):
            room.refuses(second, "attendance_already_recorded")


def test_nobody_attends_or_misses_before_the_day() -> None:
    for command in (attend("p-1"), miss("p-1")):
        workshop(take("p-1")).refuses(replace(command, on=day("2023-03-14")), "workshop_not_held_yet")


def test_a_workshop_closes_when_every_seat_is_resolved() -> None:
    room = workshop(take("p-1"), take("p-2"), attend("p-1"))
    room.refuses(CLOSE, "seats_unresolved")
    room.when(miss("p-2"))
    assert room.when(CLOSE) == [WorkshopClosed(workshop="w-1", on=TODAY)]


def test_nothing_happens_to_a_workshop_that_is_unknown_or_closed() -> None:
    for command in (take("p-1"), release("p-1"), attend("p-1"), miss("p-1"), CLOSE):
        Stage(decider).refuses(command, "workshop_unknown")
        workshop(CLOSE).refuses(command, "workshop_closed")


def test_a_workshop_has_a_stream_of_its_own() -> None:
    assert decider.stream(SCHEDULE) == "workshop-w-1"
