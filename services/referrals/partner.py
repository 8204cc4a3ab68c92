"""The partners of a territory, and the types of service that they offer, in the vocabulary of data·inclusion.

One stream per partner, `partner-<partner>`, over all territories.
"""

from datetime import date

from data_inclusion.schema.v1 import TypeService
from msgspec import Struct

from services.vocabulary.fields import Id, ShortText
from shared.command_fields import CommandTerritory, FactDate
from shared.decider import Decider
from shared.errors import Refused

SERVICE_TYPES = frozenset(kind.value for kind in TypeService)


# Events: what happened -----------------------------------------------------------------------------------------------


class PartnerListed(Struct, frozen=True, tag=True):
    """A partner may receive referrals in a territory."""

    partner: str
    label: str
    services: list[str]
    territory: str
    on: date


# State: what is true -------------------------------------------------------------------------------------------------

State = frozenset[str]  # the territories where the partner is listed
initial: State = frozenset()


def evolve(state: State, event: PartnerListed) -> State:
    return state | {event.territory}


# Commands: what may be requested -------------------------------------------------------------------------------------


class ListPartner(Struct, frozen=True):
    partner: Id
    label: ShortText
    services: list[str]
    on: FactDate
    territory: CommandTerritory


def stream(command: ListPartner) -> str:
    return f"partner-{command.partner}"


# Decisions: what follows ---------------------------------------------------------------------------------------------


def decide(state: State, command: ListPartner) -> list[PartnerListed]:
    if command.territory in state:
        raise Refused("partner_already_listed")
    if unknown := sorted(set(command.services) - SERVICE_TYPES):
        raise Refused("unknown_service", services=", ".join(unknown))
    return [PartnerListed(command.partner, command.label, command.services, command.territory, command.on)]


decider = Decider("referrals", commands=ListPartner, events=PartnerListed, initial=initial, evolve=evolve, decide=decide, stream=stream)
