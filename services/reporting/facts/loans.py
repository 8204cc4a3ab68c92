"""Loans of laptops: one row per laptop and borrower, with the latest loan between them. No figure counts them."""

from datetime import date

from msgspec import Struct

from services.reporting.facts.change import Change, EventContext, FactReader, iso, reader


class LoanEvent(Struct):
    serial: str
    person: str
    on: date


class EquipmentLent(LoanEvent):
    until: date


class EquipmentReturned(LoanEvent):
    working: bool


def on_lent(event: EquipmentLent, context: EventContext) -> list[Change]:
    ended = {"returned_on": None, "working": None, "bought_on": None}
    return [Change("loan", (event.serial, event.person), {"lent_on": iso(event.on), "until": iso(event.until)} | ended)]


def on_returned(event: EquipmentReturned, context: EventContext) -> list[Change]:
    return [Change("loan", (event.serial, event.person), {"returned_on": iso(event.on), "working": event.working})]


def on_bought_out(event: LoanEvent, context: EventContext) -> list[Change]:
    return [Change("loan", (event.serial, event.person), {"bought_on": iso(event.on)})]


READERS: dict[str, FactReader] = {
    "coaching.EquipmentLent": reader(EquipmentLent, on_lent),
    "coaching.EquipmentReturned": reader(EquipmentReturned, on_returned),
    "coaching.EquipmentBoughtOut": reader(LoanEvent, on_bought_out),
}
