"""The partners of a territory, and the types of service that they offer, in the vocabulary of data·inclusion.

One stream per partner, `partner-<partner>`, over all territories.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated

from msgspec import Meta, Struct

from services.vocabulary.fields import Id, ServiceType, ShortText
from shared.command_fields import MARK, CommandTerritory, FactDate, FilledIn
from shared.decider import Decider
from shared.errors import Refused
from shared.trust.personal.marks import Code, Identifier, PublicText

# Events: what happened -----------------------------------------------------------------------------------------------


class PartnerListed(Struct, frozen=True, tag=True):
    """A partner may receive referrals in a territory."""

    partner: Identifier
    label: PublicText
    services: list[Code]
    territory: Code
    on: date


# State: what is true -------------------------------------------------------------------------------------------------

State = Mapping[str, date]  # since when the partner is listed, by territory
initial: State = {}


def evolve(state: State, event: PartnerListed) -> State:
    return {**state, event.territory: event.on}


ListedSince = Annotated[State, Meta(extra={MARK: FilledIn.STANDING})]
"""A field of another aggregate's command that the handler fills in with this state."""

# Commands: what may be requested -------------------------------------------------------------------------------------


class ListPartner(Struct, frozen=True):
    partner: Id
    label: ShortText
    services: list[ServiceType]
    on: FactDate
    territory: CommandTerritory


def stream(command: ListPartner) -> str:
    return f"partner-{command.partner}"


# Decisions: what follows ---------------------------------------------------------------------------------------------


def decide(state: State, command: ListPartner) -> list[PartnerListed]:
    if command.territory in state:
        raise Refused("partner_already_listed")
    return [PartnerListed(command.partner, command.label, command.services, command.territory, command.on)]


decider = Decider("referrals", commands=ListPartner, events=PartnerListed, initial=initial, evolve=evolve, decide=decide, stream=stream)
