"""Whether a person who left may be coached once more: a decision of the coordinator, used once.

Part of the stream `journey-<person>`, whose page is journey.py.
"""

from datetime import date
from typing import Literal

from msgspec import Struct

from services.coaching.words import Id
from shared.errors import Refused

Denial = Literal["OBJECTIF_ATTEINT", "AUTRE_DISPOSITIF", "SANS_ADHESION"]

# Events: what happened ---------------------------------------------------------------------------------------------


class RenewalGranted(Struct, frozen=True, tag=True, kw_only=True):
    """A journey of the coming `rank` may open, once."""

    person: str
    rank: int
    on: date


class RenewalDenied(Struct, frozen=True, tag=True, kw_only=True):
    """No further journey for now, and what is proposed instead. Another day, another decision is possible."""

    person: str
    rank: int
    reason: Denial
    proposed_action: str
    on: date


Event = RenewalGranted | RenewalDenied

# State: what is true -----------------------------------------------------------------------------------------------

Granted = date | None  # the day of the grant that waits to be used


def evolve(granted: Granted, event: Event) -> Granted:
    return event.on if isinstance(event, RenewalGranted) else granted


# Commands: what is asked -------------------------------------------------------------------------------------------


class GrantRenewal(Struct, frozen=True, kw_only=True):
    person: Id
    on: date


class DenyRenewal(Struct, frozen=True, kw_only=True):
    person: Id
    reason: Denial
    proposed_action: str
    on: date


Command = GrantRenewal | DenyRenewal

# Decisions: what follows -------------------------------------------------------------------------------------------


def decide(rank: int, exit_on: date, granted: Granted, command: Command) -> Event:
    """What follows for the coming `rank`, after the exit of the one before."""
    if granted is not None:
        raise Refused("renewal_already_granted", "The renewal is granted; the next journey may open.")
    if command.on < exit_on:
        raise Refused("renewal_before_exit", "A renewal is decided once the journey is over.")
    if isinstance(command, GrantRenewal):
        return RenewalGranted(person=command.person, rank=rank, on=command.on)
    return RenewalDenied(person=command.person, rank=rank, reason=command.reason, proposed_action=command.proposed_action, on=command.on)
