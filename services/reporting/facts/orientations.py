"""Facts about orientations: a prescriber sends a person, who is accepted or declined."""

from datetime import date

from msgspec import Struct

from services.reporting.facts.change import Change, EventContext, FactReader, reader


class OrientationReceived(Struct):
    orientation: str
    person: str
    prescriber: str
    kind: str
    on: date


class OrientationAnswered(Struct):
    orientation: str
    on: date
    reason: str | None = None


def on_orientation_received(event: OrientationReceived, context: EventContext) -> list[Change]:
    columns = {"person": event.person, "territory": context.territory, "prescriber": event.prescriber, "kind": event.kind}
    day = {"received_on": event.on.isoformat(), "received_day": event.on.toordinal()}
    return [Change("orientation", (event.orientation,), columns | day)]


def on_orientation_accepted(event: OrientationAnswered, context: EventContext) -> list[Change]:
    return [Change("orientation", (event.orientation,), {"accepted_on": event.on.isoformat(), **answer_columns(event)})]


def on_orientation_declined(event: OrientationAnswered, context: EventContext) -> list[Change]:
    columns = {"declined_on": event.on.isoformat(), "reason": event.reason, **answer_columns(event)}
    return [Change("orientation", (event.orientation,), columns)]


def answer_columns(event: OrientationAnswered) -> dict[str, str | int]:
    """The day of the answer, as text for comparisons and as a number for delays in days."""
    return {"answered_on": event.on.isoformat(), "answered_day": event.on.toordinal()}


READERS: dict[str, FactReader] = {
    "intake.OrientationReceived": reader(OrientationReceived, on_orientation_received),
    "intake.OrientationAccepted": reader(OrientationAnswered, on_orientation_accepted),
    "intake.OrientationDeclined": reader(OrientationAnswered, on_orientation_declined),
}
