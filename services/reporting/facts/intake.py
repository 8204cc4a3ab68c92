"""Facts from the events of intake: persons, merges and erasures of their records, orientations."""

from datetime import date

from msgspec import Struct

from services.reporting.facts.change import Change, EventContext, FactReader, reader


class PersonIdentified(Struct):
    person: str
    territory: str
    channel: str
    radar: str
    on: date


class PersonsMerged(Struct):
    kept: str
    merged: str


class PersonEvent(Struct):
    person: str


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


def on_person_identified(event: PersonIdentified, context: EventContext) -> list[Change]:
    columns = {"territory": event.territory, "identified_on": event.on.isoformat(), "channel": event.channel, "radar": event.radar}
    return [Change("person", (event.person,), columns)]


def on_persons_merged(event: PersonsMerged, context: EventContext) -> list[Change]:
    return [Change("person", (event.merged,), {"merged_into": event.kept})]


def on_person_key_destroyed(event: PersonEvent, context: EventContext) -> list[Change]:
    """The row stays: destroying a person's key changes no count."""
    return [Change("person", (event.person,), {"erased": True})]


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
    "intake.PersonIdentified": reader(PersonIdentified, on_person_identified),
    "intake.PersonsMerged": reader(PersonsMerged, on_persons_merged),
    "intake.PersonKeyDestroyed": reader(PersonEvent, on_person_key_destroyed),
    "intake.OrientationReceived": reader(OrientationReceived, on_orientation_received),
    "intake.OrientationAccepted": reader(OrientationAnswered, on_orientation_accepted),
    "intake.OrientationDeclined": reader(OrientationAnswered, on_orientation_declined),
}
