"""A collective workshop: seats are taken, people come or do not, and it closes when every seat is resolved (invariant 7 of the domain).

One stream per workshop, `workshop-<workshop>`. This aggregate includes attendance.py.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, assert_never

from msgspec import Meta, Struct
from msgspec.structs import replace

from services.coaching import attendance
from services.coaching.attendance import Attendance
from services.coaching.coded_values import SeatReleaseReason
from services.vocabulary.fields import Id, PlannedDay, ThematiqueId
from services.vocabulary.person_standing import NOBODY, Standing
from shared.command_fields import CommandTerritory, FactDate
from shared.decider import Decider
from shared.errors import Refused
from shared.placement import InTerritory
from shared.trust.personal.marks import Code, Identifier

# Events: what happened -----------------------------------------------------------------------------------------------


class WorkshopScheduled(Struct, frozen=True, tag=True, kw_only=True):
    """A workshop is announced, with the seats it has."""

    workshop: Identifier
    kind: Code
    thematique: Code
    capacity: int
    held_on: date
    territory: Code
    on: date


class SeatTaken(Struct, frozen=True, tag=True, kw_only=True):
    """A person has a seat and is expected."""

    workshop: Identifier
    person: Identifier
    on: date


class SeatReleased(Struct, frozen=True, tag=True, kw_only=True):
    """A person is no longer expected; the seat is free."""

    workshop: Identifier
    person: Identifier
    reason: SeatReleaseReason
    on: date


class WorkshopClosed(Struct, frozen=True, tag=True, kw_only=True):
    """The attendance sheet is complete."""

    workshop: Identifier
    on: date


Event = WorkshopScheduled | SeatTaken | SeatReleased | attendance.Event | WorkshopClosed

# State: what is true -------------------------------------------------------------------------------------------------


class Unknown(Struct, frozen=True):
    """Not scheduled yet."""


class Seat(Struct, frozen=True):
    """Taken or released, since a day."""

    taken: bool
    since: date


class Scheduled(Struct, frozen=True):
    """To be held, or held. A taken seat stays so whether the person came or not."""

    thematique: str
    capacity: int
    held_on: date
    territory: str
    seats: Mapping[str, Seat] = {}
    attendance: Attendance = Attendance()

    @property
    def seated(self) -> frozenset[str]:
        return frozenset(person for person, seat in self.seats.items() if seat.taken)


class Closed(Struct, frozen=True):
    """The attendance sheet is complete."""


State = Unknown | Scheduled | Closed
initial: State = Unknown()


def evolve(state: State, event: Event) -> State:
    match event:
        case WorkshopScheduled(thematique=thematique, capacity=capacity, held_on=held_on, territory=territory):
            return Scheduled(thematique, capacity, held_on, territory)
        case WorkshopClosed():
            return Closed()
        case SeatTaken(person=person, on=on) | SeatReleased(person=person, on=on):
            assert isinstance(state, Scheduled)
            return replace(state, seats={**state.seats, person: Seat(isinstance(event, SeatTaken), on)})
        case _:
            assert isinstance(state, Scheduled)
            return replace(state, attendance=attendance.evolve(state.attendance, event))


# Commands: what may be requested -------------------------------------------------------------------------------------


class ScheduleWorkshop(Struct, frozen=True, kw_only=True):
    workshop: Id
    kind: Annotated[str, Meta(max_length=80)]
    thematique: ThematiqueId
    capacity: Annotated[int, Meta(ge=1, le=500)]
    held_on: PlannedDay
    on: FactDate
    territory: CommandTerritory


class TakeSeat(Struct, frozen=True, kw_only=True):
    workshop: Id
    person: Id
    on: FactDate
    standing: Standing = NOBODY


class ReleaseSeat(Struct, frozen=True, kw_only=True):
    workshop: Id
    person: Id
    reason: SeatReleaseReason
    on: FactDate


class CloseWorkshop(Struct, frozen=True, kw_only=True):
    workshop: Id
    on: FactDate


Command = ScheduleWorkshop | TakeSeat | ReleaseSeat | attendance.Command | CloseWorkshop

# Decisions: what follows ---------------------------------------------------------------------------------------------


def decide(state: State, command: Command) -> list[Event]:
    match command:
        case ScheduleWorkshop():
            return [schedule(state, command)]
        case TakeSeat():
            return [take_seat(open_workshop(state), command)]
        case ReleaseSeat():
            return [release_seat(open_workshop(state), command)]
        case CloseWorkshop(workshop=workshop, on=on):
            check_resolved(held_workshop(state, on))
            return [WorkshopClosed(workshop=workshop, on=on)]
        case _:
            held = held_workshop(state, command.on)
            return [attendance.decide(held.attendance, held.seated, held.thematique, held.held_on, command)]


def schedule(state: State, command: ScheduleWorkshop) -> WorkshopScheduled:
    if not isinstance(state, Unknown):
        raise Refused("workshop_already_scheduled")
    return WorkshopScheduled(
        workshop=command.workshop,
        kind=command.kind,
        thematique=command.thematique,
        capacity=command.capacity,
        held_on=command.held_on,
        territory=command.territory,
        on=command.on,
    )


def take_seat(state: Scheduled, command: TakeSeat) -> SeatTaken:
    command.standing.check_open(command.on)
    if command.person in state.seated | state.attendance.present:
        raise Refused("seat_already_taken")
    if len(state.seated) >= state.capacity:
        raise Refused("workshop_full")
    check_not_over(state, command.on)
    seat = state.seats.get(command.person)
    if seat is not None and command.on < seat.since:
        raise Refused("before_the_release")
    return SeatTaken(workshop=command.workshop, person=command.person, on=command.on)


def release_seat(state: Scheduled, command: ReleaseSeat) -> SeatReleased:
    if command.person in state.attendance.resolved:
        raise Refused("attendance_already_recorded")
    attendance.check_seated(state.seated, command.person)
    check_not_over(state, command.on)
    if command.on < state.seats[command.person].since:
        raise Refused("before_the_seat")
    return SeatReleased(workshop=command.workshop, person=command.person, reason=command.reason, on=command.on)


def check_not_over(state: Scheduled, on: date) -> None:
    if on > state.held_on:
        raise Refused("workshop_over")


def check_resolved(state: Scheduled) -> None:
    if state.seated - state.attendance.resolved:
        raise Refused("seats_unresolved")


def open_workshop(state: State) -> Scheduled:
    match state:
        case Scheduled():
            return state
        case Unknown():
            raise Refused("workshop_unknown")
        case Closed():
            raise Refused("workshop_closed")
        case _:
            assert_never(state)


def held_workshop(state: State, on: date) -> Scheduled:
    workshop = open_workshop(state)
    if on < workshop.held_on:
        raise Refused("workshop_not_held_yet")
    return workshop


decider = Decider(
    "coaching",
    commands=Command,
    events=Event,
    initial=initial,
    evolve=evolve,
    decide=decide,
    stream=lambda command: f"workshop-{command.workshop}",
    place=lambda state, command: InTerritory(state.territory) if isinstance(state, Scheduled) else None,
    persons=lambda state, command: {"standing": command.person} if isinstance(command, TakeSeat | attendance.AttendWorkshop) else {},
)
