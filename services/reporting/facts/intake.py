"""Facts that intake's events tell."""

from datetime import date

from msgspec import Struct

from services.reporting.facts.change import Change, EventContext, Reader, reader


class PersonIdentified(Struct):
    person: str
    territory: str
    channel: str
    radar: str
    on: date


class PersonsMerged(Struct):
    kept: str
    merged: str


class OfPerson(Struct):
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


def identified(event: PersonIdentified, at: EventContext) -> list[Change]:
    return [
        Change(
            "person",
            (event.person,),
            {"territory": event.territory, "identified_on": event.on.isoformat(), "channel": event.channel, "radar": event.radar},
        )
    ]


def merged(event: PersonsMerged, at: EventContext) -> list[Change]:
    return [Change("person", (event.merged,), {"merged_into": event.kept})]


def erased(event: OfPerson, at: EventContext) -> list[Change]:
    return [Change("person", (event.person,), {"erased": True})]


def received(event: OrientationReceived, at: EventContext) -> list[Change]:
    columns = {"person": event.person, "territory": at.territory, "prescriber": event.prescriber, "kind": event.kind}
    day = {"received_on": event.on.isoformat(), "received_day": event.on.toordinal()}
    return [Change("orientation", (event.orientation,), columns | day)]


def accepted(event: OrientationAnswered, at: EventContext) -> list[Change]:
    return [Change("orientation", (event.orientation,), {"accepted_on": event.on.isoformat(), **answered(event)})]


def declined(event: OrientationAnswered, at: EventContext) -> list[Change]:
    return [Change("orientation", (event.orientation,), {"declined_on": event.on.isoformat(), "reason": event.reason, **answered(event)})]


def answered(event: OrientationAnswered) -> dict[str, str | int]:
    return {"answered_on": event.on.isoformat(), "answered_day": event.on.toordinal()}


READERS: dict[str, Reader] = {
    "intake.PersonIdentified": reader(PersonIdentified, identified),
    "intake.PersonsMerged": reader(PersonsMerged, merged),
    "intake.PersonKeyDestroyed": reader(OfPerson, erased),
    "intake.OrientationReceived": reader(OrientationReceived, received),
    "intake.OrientationAccepted": reader(OrientationAnswered, accepted),
    "intake.OrientationDeclined": reader(OrientationAnswered, declined),
}
