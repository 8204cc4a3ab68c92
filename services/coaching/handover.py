"""An open journey changes hands: another coach becomes the referent, or another territory follows it.

Part of the aggregate of journey.py and of its stream `journey-<person>`.
"""

from datetime import date
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from services.coaching.coded_values import HandoverReason
from services.coaching.progress import Journey
from services.vocabulary.fields import Id, TerritoryId
from shared.command_fields import CommandTerritory, FactDate
from shared.errors import Refused
from shared.trust.personal.marks import Code, Identifier

# Events: what happened -----------------------------------------------------------------------------------------------


class ReferentReplaced(Struct, frozen=True, tag=True, kw_only=True):
    """Another coach becomes the referent, in one event: there is never a moment without a referent, or with two."""

    person: Identifier
    rank: int
    former: Identifier
    referent: Identifier
    reason: HandoverReason
    on: date


class JourneyTransferred(Struct, frozen=True, tag=True, kw_only=True):
    """The same journey continues in another territory. What was counted before stays where it was (invariant 10 of the domain)."""

    person: Identifier
    rank: int
    from_territory: Code
    to_territory: Code
    on: date


Event = ReferentReplaced | JourneyTransferred

# State: what is true -------------------------------------------------------------------------------------------------


def evolve(journey: Journey, event: Event) -> Journey:
    last_on = max(journey.last_on, event.on)
    match event:
        case ReferentReplaced(referent=referent, on=on):
            return replace(journey, last_on=last_on, referent=referent, referent_since=on)
        case JourneyTransferred(to_territory=territory, on=on):
            return replace(journey, last_on=last_on, territory=territory, territory_since=on)
        case _:
            assert_never(event)


# Commands: what may be requested -------------------------------------------------------------------------------------


class ReplaceReferent(Struct, frozen=True, kw_only=True):
    person: Id
    referent: Id
    reason: HandoverReason
    on: FactDate


class TransferJourney(Struct, frozen=True, kw_only=True):
    person: Id
    to_territory: TerritoryId
    on: FactDate
    territory: CommandTerritory


Command = ReplaceReferent | TransferJourney

# Decisions: what follows ---------------------------------------------------------------------------------------------


def decide(journey: Journey, command: Command) -> Event:
    """The event that a command leads to, in an open journey. Its dates are in the order in which it changed hands."""
    match command:
        case ReplaceReferent():
            return replace_referent(journey, command)
        case TransferJourney():
            return transfer(journey, command)
        case _:
            assert_never(command)


def replace_referent(journey: Journey, command: ReplaceReferent) -> ReferentReplaced:
    assert journey.referent is not None
    if command.referent == journey.referent:
        raise Refused("already_the_referent")
    if command.on < journey.referent_since:
        raise Refused("before_the_last_referent")
    return ReferentReplaced(
        person=command.person,
        rank=journey.rank,
        former=journey.referent,
        referent=command.referent,
        reason=command.reason,
        on=command.on,
    )


def transfer(journey: Journey, command: TransferJourney) -> JourneyTransferred:
    here = journey.territory
    if command.territory != command.to_territory:  # what stands in no territory of the programme is fetched in the name of the new one
        check_territory(journey, command.territory)
    if command.to_territory == here:
        raise Refused("already_in_the_territory")
    if command.on < journey.territory_since:
        raise Refused("before_the_last_transfer")
    return JourneyTransferred(
        person=command.person, rank=journey.rank, from_territory=here, to_territory=command.to_territory, on=command.on
    )


def check_territory(journey: Journey, territory: str) -> str:
    """The territory of the journey, if the actor speaks in its name: a right in one territory is no right in another."""
    if territory != journey.territory:
        raise Refused("journey_in_another_territory")
    return territory
