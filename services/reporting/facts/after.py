"""Facts that come beside and after a journey: follow-ups, workshops, surveys."""

from datetime import date

from msgspec import Struct

from services.reporting.facts.change import Change, EventContext, Reader, iso, reader


class OfFollowUp(Struct):
    person: str
    rank: int
    milestone: str
    on: date


class FollowUpScheduled(OfFollowUp):
    due_on: date
    window_end: date


class FollowUpCompleted(OfFollowUp):
    situation: str
    still_in_outcome: bool


class FollowUpUnreachable(OfFollowUp):
    attempt: int


class WorkshopScheduled(Struct):
    workshop: str
    kind: str
    thematique: str
    capacity: int
    held_on: date
    territory: str


class OfSeat(Struct):
    workshop: str
    person: str
    on: date


class WorkshopMissed(OfSeat):
    excused: bool


class WorkshopClosed(Struct):
    workshop: str
    on: date


class SurveyAnswered(Struct):
    satisfied: bool
    rating: int
    domains: list[str]
    wellbeing: bool
    wants_continuation: bool
    territory: str
    on: date


def due(event: OfFollowUp, columns: dict[str, object]) -> list[Change]:
    return [Change("follow_up", (event.person, event.rank, event.milestone), columns)]


def scheduled(event: FollowUpScheduled, at: EventContext) -> list[Change]:
    return due(event, {"due_on": iso(event.due_on), "window_end": iso(event.window_end), "territory": at.territory})


def cancelled(event: OfFollowUp, at: EventContext) -> list[Change]:
    return due(event, {"cancelled_on": iso(event.on)})


def completed(event: FollowUpCompleted, at: EventContext) -> list[Change]:
    return due(event, {"completed_on": iso(event.on), "situation": event.situation, "still_in_outcome": event.still_in_outcome})


def unreachable(event: FollowUpUnreachable, at: EventContext) -> list[Change]:
    return due(event, {"attempts": event.attempt})


def workshop(event: WorkshopScheduled, at: EventContext) -> list[Change]:
    columns = {"kind": event.kind, "thematique": event.thematique, "capacity": event.capacity}
    return [Change("workshop", (event.workshop,), columns | {"held_on": iso(event.held_on), "territory": event.territory})]


def closed(event: WorkshopClosed, at: EventContext) -> list[Change]:
    return [Change("workshop", (event.workshop,), {"closed_on": iso(event.on)})]


def taken(event: OfSeat, at: EventContext) -> list[Change]:
    return [*seat(event, at, "TAKEN"), Change("seat", (event.workshop, event.person), {"taken_on": iso(event.on)})]


def released(event: OfSeat, at: EventContext) -> list[Change]:
    return seat(event, at, "RELEASED")


def attended(event: OfSeat, at: EventContext) -> list[Change]:
    return seat(event, at, "ATTENDED")


def missed(event: WorkshopMissed, at: EventContext) -> list[Change]:
    return seat(event, at, "EXCUSED" if event.excused else "MISSED")


def seat(event: OfSeat, at: EventContext, status: str) -> list[Change]:
    return [Change("seat", (event.workshop, event.person), {"status": status, "on": iso(event.on), "territory": at.territory})]


def answered(event: SurveyAnswered, at: EventContext) -> list[Change]:
    columns = {
        "territory": event.territory,
        "on": iso(event.on),
        "rating": event.rating,
        "domains": len(event.domains),
        "satisfied": event.satisfied,
        "wellbeing": event.wellbeing,
        "wants_continuation": event.wants_continuation,
    }
    return [Change("answer", (at.position,), columns)]


READERS: dict[str, Reader] = {
    "coaching.FollowUpScheduled": reader(FollowUpScheduled, scheduled),
    "coaching.FollowUpCancelled": reader(OfFollowUp, cancelled),
    "coaching.FollowUpCompleted": reader(FollowUpCompleted, completed),
    "coaching.FollowUpUnreachable": reader(FollowUpUnreachable, unreachable),
    "coaching.WorkshopScheduled": reader(WorkshopScheduled, workshop),
    "coaching.WorkshopClosed": reader(WorkshopClosed, closed),
    "coaching.SeatTaken": reader(OfSeat, taken),
    "coaching.SeatReleased": reader(OfSeat, released),
    "coaching.WorkshopAttended": reader(OfSeat, attended),
    "coaching.WorkshopMissed": reader(WorkshopMissed, missed),
    "coaching.SurveyAnswered": reader(SurveyAnswered, answered),
}
