"""Any commands about one workshop, in any order, on their day or long after it."""

from datetime import date, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from services.coaching import attendance, workshop
from tests.harness.aggregate_machine import FIRST_DAY, AggregateMachine
from tests.unit.coaching.commands import ONE_OF, any_of

ONE_WORKSHOP = {"workshop": st.just("w-1"), "held_on": st.integers(0, 20).map(lambda days: FIRST_DAY + timedelta(days=days))}
DAYS_AGO = ONE_OF([0, 0, 0, 1, 3, 10])


class WorkshopMachine(AggregateMachine):
    decider = workshop.decider

    def __init__(self) -> None:
        super().__init__()
        self.capacity = 0
        self.held_on = date.max
        self.closed = False
        self.seats: dict[str, date] = {}
        self.released: dict[str, date] = {}
        self.resolved: set[str] = set()

    @initialize(command=any_of(workshop.ScheduleWorkshop, **ONE_WORKSHOP))
    def schedule(self, command: Any) -> None:
        self.take(command)
        self.capacity, self.held_on = command.capacity, command.held_on

    @rule(command=any_of(workshop.TakeSeat | workshop.ReleaseSeat, **ONE_WORKSHOP), days_ago=DAYS_AGO)
    def book(self, command: Any, days_ago: int) -> None:
        self.take(command, days_ago)

    @precondition(lambda self: self.today >= self.held_on)
    @rule(command=any_of(attendance.Command, **ONE_WORKSHOP))
    def note_on_the_day(self, command: Any) -> None:
        self.take(command, (self.today - self.held_on).days)

    @rule(command=any_of(workshop.Command, **ONE_WORKSHOP), days_ago=DAYS_AGO)
    def do_anything(self, command: Any, days_ago: int) -> None:
        self.take(command, days_ago)

    def take(self, command: Any, days_ago: int = 0) -> None:
        for event in self.give(command, days_ago):
            assert not self.closed
            self.apply(event)
            assert len(self.seats) <= self.capacity or isinstance(event, workshop.WorkshopScheduled)

    def apply(self, event: Any) -> None:
        match event:
            case workshop.SeatTaken(person=person):
                assert person not in self.seats
                assert self.released.get(person, date.min) <= event.on <= self.held_on
                self.seats[person] = event.on
            case workshop.SeatReleased(person=person):
                assert person not in self.resolved
                assert self.seats.pop(person) <= event.on <= self.held_on
                self.released[person] = event.on
            case attendance.WorkshopAttended(person=person, walk_in=walk_in):
                assert (person in self.seats) is not walk_in
                self.resolve(event)
            case attendance.WorkshopMissed(person=person):
                assert person in self.seats
                self.resolve(event)
            case attendance.AttendanceWithdrawn(person=person, seat=seat):
                assert (person in self.seats) is seat
                self.resolved.remove(person)
            case workshop.WorkshopClosed():
                assert self.seats.keys() <= self.resolved
                assert event.on >= self.held_on
                self.closed = True

    def resolve(self, event: Any) -> None:
        assert event.person not in self.resolved
        assert event.on == self.held_on
        self.resolved.add(event.person)


TestWorkshop = WorkshopMachine.TestCase
TestWorkshop.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
