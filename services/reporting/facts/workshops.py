"""Workshops and their seats: one row per workshop, and one per workshop and person with the latest status of the seat."""

from datetime import date

from msgspec import Struct

from services.reporting.facts.change import Change, EventContext, FactReader, iso, reader


class WorkshopScheduled(Struct):
    workshop: str
    kind: str
    thematique: str
    capacity: int
    held_on: date
    territory: str


class WorkshopClosed(Struct):
    workshop: str
    on: date


class SeatEvent(Struct):
    workshop: str
    person: str
    on: date


class WorkshopMissed(SeatEvent):
    excused: bool


class AttendanceWithdrawn(SeatEvent):
    seat: bool


def on_workshop_scheduled(event: WorkshopScheduled, context: EventContext) -> list[Change]:
    columns = {"kind": event.kind, "thematique": event.thematique, "capacity": event.capacity}
    return [Change("workshop", (event.workshop,), columns | {"held_on": iso(event.held_on), "territory": event.territory})]


def on_workshop_closed(event: WorkshopClosed, context: EventContext) -> list[Change]:
    return [Change("workshop", (event.workshop,), {"closed_on": iso(event.on)})]


def on_seat_taken(event: SeatEvent, context: EventContext) -> list[Change]:
    return [seat_change(event, context, "TAKEN"), Change("seat", (event.workshop, event.person), {"taken_on": iso(event.on)})]


def on_seat_released(event: SeatEvent, context: EventContext) -> list[Change]:
    return [seat_change(event, context, "RELEASED")]


def on_workshop_attended(event: SeatEvent, context: EventContext) -> list[Change]:
    return [seat_change(event, context, "ATTENDED")]


def on_workshop_missed(event: WorkshopMissed, context: EventContext) -> list[Change]:
    return [seat_change(event, context, "EXCUSED" if event.excused else "MISSED")]


def on_attendance_withdrawn(event: AttendanceWithdrawn, context: EventContext) -> list[Change]:
    """The seat is awaited again; a walk-in, whose attendance was a mistake, has none."""
    return [seat_change(event, context, "TAKEN" if event.seat else "RELEASED")]


def seat_change(event: SeatEvent, context: EventContext, status: str) -> Change:
    return Change("seat", (event.workshop, event.person), {"status": status, "on": iso(event.on), "territory": context.territory})


READERS: dict[str, FactReader] = {
    "coaching.WorkshopScheduled": reader(WorkshopScheduled, on_workshop_scheduled),
    "coaching.WorkshopClosed": reader(WorkshopClosed, on_workshop_closed),
    "coaching.SeatTaken": reader(SeatEvent, on_seat_taken),
    "coaching.SeatReleased": reader(SeatEvent, on_seat_released),
    "coaching.WorkshopAttended": reader(SeatEvent, on_workshop_attended),
    "coaching.WorkshopMissed": reader(WorkshopMissed, on_workshop_missed),
    "coaching.AttendanceWithdrawn": reader(AttendanceWithdrawn, on_attendance_withdrawn),
}
