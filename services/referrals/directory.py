"""The partners of a territory, and what they offer in the words of data·inclusion."""

from datetime import date
from typing import Annotated

from data_inclusion.schema.v1 import TypeService
from msgspec import Meta, Struct

from shared.decider import Decider
from shared.errors import Refused

SERVICES = frozenset(kind.value for kind in TypeService)


class PartnerListed(Struct, frozen=True, tag=True):
    partner: str
    label: str
    services: list[str]
    territory: str
    on: date


State = frozenset[str]
initial: State = frozenset()


def evolve(state: State, event: PartnerListed) -> State:
    return state | {event.territory}


class ListPartner(Struct, frozen=True):
    partner: Annotated[str, Meta(max_length=64)]
    label: Annotated[str, Meta(max_length=120)]
    services: list[str]
    on: date
    territory: str


def stream(command: ListPartner) -> str:
    return f"partner-{command.partner}"


def decide(state: State, command: ListPartner) -> list[PartnerListed]:
    if command.territory in state:
        raise Refused("partner_already_listed", "This partner is listed in this territory already.")
    if strangers := sorted(set(command.services) - SERVICES):
        raise Refused("unknown_service", f"Not service types of data·inclusion: {', '.join(strangers)}.")
    return [PartnerListed(command.partner, command.label, command.services, command.territory, command.on)]


decider = Decider("referrals", commands=ListPartner, events=PartnerListed, initial=initial, evolve=evolve, decide=decide, stream=stream)
