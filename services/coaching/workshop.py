"""A collective workshop: seats are taken, people come or do not, and it closes when every seat is resolved (invariant 7 of the domain).

One stream per workshop, `workshop-<workshop>`.
"""

from datetime import date
from typing import Annotated, assert_never

from msgspec import Meta, Struct
from msgspec.structs import replace

from services.coaching.coded_values import SeatReleaseReason
from services.vocabulary.fields import Id, PlannedDay, ThematiqueId
from services.vocabulary.person_standing import NOBODY, Standing
from shared.command_fields import CommandTerritory, FactDate
from shared.decider import Decider
from shared.errors import Refused
from shared.placement import InTerritory

# Events: what happened -----------------------------------------------------------------------------------------------


class WorkshopScheduled(Struct, frozen=True, tag=True, kw_only=True):
    """A workshop is announced, with the seats it has."""

    workshop: str
    kind: str
    thematique: str
    capacity: int
    held_on: date
    territory: str
    on: date


class SeatTaken(Struct, frozen=True, tag=True, kw_only=True):
    """A person has a seat and is expected."""

    workshop: str
    person: str
    on: date


class SeatReleased(Struct, frozen=True, tag=True, kw_only=True):
    """A person is no longer expected; the seat is free."""

    workshop: str
    person: str
    reason: SeatReleaseReason
    on: date


class WorkshopAttended(Struct, frozen=True, tag=True, kw_only=True):
    """A person came, with a seat or as a walk-in."""

    workshop: str
    person: str
    walk_in: bool
    thematique: str
    on: date


class WorkshopMissed(Struct, frozen=True, tag=True, kw_only=True):
    """A person was expected and did not come."""

    workshop: str
    person: str
    excused: bool
    on: date


class WorkshopClosed(Struct, frozen=True, tag=True, kw_only=True):
    """The attendance sheet is complete."""

    workshop: str
    on: date


Event = WorkshopScheduled | SeatTaken | SeatReleased | WorkshopAttended | WorkshopMissed | WorkshopClosed

# State: what is true -------------------------------------------------------------------------------------------------


class Unknown(Struct, frozen=True):
    """Not scheduled yet."""


class Scheduled(Struct, frozen=True):
    """`seats` are taken, whether the person came or not; `present` and `missing` are known to have come or not."""

    thematique: str
    capacity: int
    held_on: date
    territory: str
    seats: frozenset[str] = frozenset()
    present: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()

    @property
    def awaited(self) -> frozenset[str]:
        return self.seats - self.present - self.missing


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
        case _:
            assert isinstance(state, Scheduled)
            return with_seats(state, event)


def with_seats(state: Scheduled, event: SeatTaken | SeatReleased | WorkshopAttended | WorkshopMissed) -> Scheduled:
    match event:
        case SeatTaken(person=person):
            return replace(state, seats=state.seats | {person})
        case SeatReleased(person=person):
            return replace(state, seats=state.seats - {person})
        case WorkshopAttended(person=person):
            return replace(state, present=state.present | {person})
        case WorkshopMissed(person=person):
            return replace(state, missing=state.missing | {person})
        case _:
            assert_never(event)


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


class AttendWorkshop(Struct, frozen=True, kw_only=True):
    workshop: Id
    person: Id
    walk_in: bool
    on: FactDate
    standing: Standing = NOBODY


class MissWorkshop(Struct, frozen=True, kw_only=True):
    workshop: Id
    person: Id
    excused: bool
    on: FactDate


class CloseWorkshop(Struct, frozen=True, kw_only=True):
    workshop: Id
    on: FactDate


Command = ScheduleWorkshop | TakeSeat | ReleaseSeat | AttendWorkshop | MissWorkshop | CloseWorkshop

# Decisions: what follows ---------------------------------------------------------------------------------------------


def decide(state: State, command: Command) -> list[Event]:
    match command:
        case ScheduleWorkshop():
            return [schedule(state, command)]
        case TakeSeat():
            return [take_seat(open_workshop(state), command)]
        case ReleaseSeat(workshop=workshop, person=person, reason=reason, on=on):
            check_awaited(open_workshop(state), person)
            return [SeatReleased(workshop=workshop, person=person, reason=reason, on=on)]
        case AttendWorkshop():
            return [attend(held_workshop(state, command.on), command)]
        case MissWorkshop(workshop=workshop, person=person, excused=excused, on=on):
            check_awaited(held_workshop(state, on), person)
            return [WorkshopMissed(workshop=workshop, person=person, excused=excused, on=on)]
        case CloseWorkshop(workshop=workshop, on=on):
            check_resolved(open_workshop(state))
            return [WorkshopClosed(workshop=workshop, on=on)]
        case _:
            assert_never(command)


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
    command.standing.check_met(command.on)
    if command.person in state.seats | state.present:
        raise Refused("seat_already_taken")
    if len(state.seats) >= state.capacity:
        raise Refused("workshop_full")
    return SeatTaken(workshop=command.workshop, person=command.person, on=command.on)


def attend(state: Scheduled, command: AttendWorkshop) -> WorkshopAttended:
    """A walk-in takes no seat, so a full workshop admits them: an attendance is a fact, not a booking."""
    command.standing.check_met(command.on)
    if command.person in state.present | state.missing:
        raise Refused("attendance_already_recorded")
    if command.walk_in and command.person in state.seats:
        raise Refused("not_a_walk_in")
    if not command.walk_in:
        check_awaited(state, command.person)
    return WorkshopAttended(
        workshop=command.workshop, person=command.person, walk_in=command.walk_in, thematique=state.thematique, on=command.on
    )


def check_awaited(state: Scheduled, person: str) -> None:
    if person in state.present | state.missing:
        raise Refused("attendance_already_recorded")
    if person not in state.seats:
        raise Refused("seat_not_taken")


def check_resolved(state: Scheduled) -> None:
    if state.awaited:
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
    persons=lambda state, command: {"standing": command.person} if isinstance(command, TakeSeat | AttendWorkshop) else {},
)
