"""A laptop lent to a participant, with an option to buy it out ("Digital Express").

One stream per laptop, `equipment-<serial>`.
"""

from datetime import date
from typing import Annotated, assert_never

from msgspec import Meta, Struct

from services.vocabulary.fields import Id, PlannedDay
from services.vocabulary.person_standing import CLOSURES, NOBODY, Standing
from shared.command_fields import FactDate
from shared.decider import Decider
from shared.errors import Refused
from shared.placement import Place, WithPerson
from shared.trust.personal.marks import Identifier

# Events: what happened -----------------------------------------------------------------------------------------------


class EquipmentLent(Struct, frozen=True, tag=True, kw_only=True):
    """A person leaves with the laptop, until a day agreed with them."""

    serial: Identifier
    person: Identifier
    until: date
    on: date


class EquipmentReturned(Struct, frozen=True, tag=True, kw_only=True):
    """The borrower gave it back."""

    serial: Identifier
    person: Identifier
    working: bool
    on: date


class EquipmentBoughtOut(Struct, frozen=True, tag=True, kw_only=True):
    """The borrower keeps it, for a price."""

    serial: Identifier
    person: Identifier
    price_cents: int
    on: date


Event = EquipmentLent | EquipmentReturned | EquipmentBoughtOut

# State: what is true -------------------------------------------------------------------------------------------------


class Available(Struct, frozen=True):
    """Not lent: new, or returned on a day."""

    since: date = date.min


class Lent(Struct, frozen=True):
    """With a person since a day."""

    person: str
    since: date


class Sold(Struct, frozen=True):
    """Bought out by a borrower."""


State = Available | Lent | Sold
initial: State = Available()


def evolve(state: State, event: Event) -> State:
    match event:
        case EquipmentLent(person=person, on=on):
            return Lent(person, on)
        case EquipmentReturned(on=on):
            return Available(on)
        case EquipmentBoughtOut():
            return Sold()
        case _:
            assert_never(event)


# Commands: what may be requested -------------------------------------------------------------------------------------


class LendEquipment(Struct, frozen=True, kw_only=True):
    serial: Id
    person: Id
    until: PlannedDay
    on: FactDate
    standing: Standing = NOBODY


class ReturnEquipment(Struct, frozen=True, kw_only=True):
    serial: Id
    working: bool
    on: FactDate


class BuyOutEquipment(Struct, frozen=True, kw_only=True):
    serial: Id
    person: Id
    price_cents: Annotated[int, Meta(ge=0, le=1_000_000)]
    on: FactDate


Command = LendEquipment | ReturnEquipment | BuyOutEquipment


def place(state: State, command: Command) -> Place:
    """A loan is where its borrower is followed; it ends even if the borrower's record is closed."""
    if isinstance(command, LendEquipment):
        return WithPerson(command.person)
    return WithPerson(state.person, although=CLOSURES) if isinstance(state, Lent) else None


# Decisions: what follows ---------------------------------------------------------------------------------------------


def decide(state: State, command: Command) -> list[Event]:
    match command:
        case LendEquipment():
            return [lend(state, command)]
        case ReturnEquipment(serial=serial, working=working, on=on):
            loan = current_loan(state, on)
            return [EquipmentReturned(serial=serial, person=loan.person, working=working, on=on)]
        case BuyOutEquipment():
            return [buy_out(current_loan(state, command.on), command)]
        case _:
            assert_never(command)


def lend(state: State, command: LendEquipment) -> EquipmentLent:
    if not isinstance(state, Available):
        raise Refused("equipment_not_available")
    command.standing.check_open(command.on)
    if command.on < state.since:
        raise Refused("before_the_return")
    if command.until <= command.on:
        raise Refused("loan_without_duration")
    return EquipmentLent(serial=command.serial, person=command.person, until=command.until, on=command.on)


def buy_out(loan: Lent, command: BuyOutEquipment) -> EquipmentBoughtOut:
    if loan.person != command.person:
        raise Refused("buyer_is_not_borrower")
    return EquipmentBoughtOut(serial=command.serial, person=command.person, price_cents=command.price_cents, on=command.on)


def current_loan(state: State, on: date) -> Lent:
    if not isinstance(state, Lent):
        raise Refused("equipment_not_lent")
    if on < state.since:
        raise Refused("before_the_loan")
    return state


decider = Decider(
    "coaching",
    commands=Command,
    events=Event,
    initial=initial,
    evolve=evolve,
    decide=decide,
    stream=lambda command: f"equipment-{command.serial}",
    place=place,
    persons=lambda state, command: {"standing": command.person} if isinstance(command, LendEquipment) else {},
)
