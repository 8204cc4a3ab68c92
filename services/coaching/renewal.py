"""Whether a person who left may be coached again: a decision of the coordinator, used once (invariant 4 of the domain).

A later decision replaces it until a journey opens: a denial withdraws a grant, a grant follows a denial.

Part of the aggregate of journey.py and of its stream `journey-<person>`.
"""

from datetime import date
from typing import Annotated

from msgspec import Struct

from services.coaching.coded_values import DenialReason
from services.vocabulary.fields import Id, LongText
from shared.command_fields import FactDate
from shared.errors import Refused
from shared.trust.personal.marks import NOTE, Identifier, Sealed

# Events: what happened -----------------------------------------------------------------------------------------------


class RenewalGranted(Struct, frozen=True, tag=True, kw_only=True):
    """A journey of this `rank`, the next one, may open once."""

    person: Identifier
    rank: int
    on: date


class RenewalDenied(Struct, frozen=True, tag=True, kw_only=True):
    """No further journey for now, and what is proposed instead. A later decision may differ."""

    person: Identifier
    rank: int
    reason: DenialReason
    proposed_action: Annotated[str | Sealed, NOTE]
    on: date


Event = RenewalGranted | RenewalDenied

# State: what is true -------------------------------------------------------------------------------------------------


class Decision(Struct, frozen=True):
    """The last decision."""

    granted: bool
    on: date


def decision_of(event: Event) -> Decision:
    return Decision(isinstance(event, RenewalGranted), event.on)


# Commands: what may be requested -------------------------------------------------------------------------------------


class GrantRenewal(Struct, frozen=True, kw_only=True):
    person: Id
    on: FactDate


class DenyRenewal(Struct, frozen=True, kw_only=True):
    person: Id
    reason: DenialReason
    proposed_action: Annotated[LongText, NOTE]
    on: FactDate


Command = GrantRenewal | DenyRenewal

# Decisions: what follows ---------------------------------------------------------------------------------------------


def decide(rank: int, exit_on: date, last: Decision | None, command: Command) -> Event:
    """The event that a command leads to, for the next `rank`, after the exit of the one before and the last decision."""
    if command.on < exit_on:
        raise Refused("renewal_before_exit")
    if last is not None and command.on < last.on:
        raise Refused("before_the_last_decision")
    if isinstance(command, GrantRenewal):
        if last is not None and last.granted:
            raise Refused("renewal_already_granted")
        return RenewalGranted(person=command.person, rank=rank, on=command.on)
    return RenewalDenied(person=command.person, rank=rank, reason=command.reason, proposed_action=command.proposed_action, on=command.on)
