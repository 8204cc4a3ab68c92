"""Restorations of the log: readers learn which events they have seen are lost. One stream, `log-restorations`.

`parcours restore` alone records them, at a position above every one that was ever given (ADR 59).
"""

from datetime import date
from typing import Annotated, assert_never

from msgspec import Meta, Struct

from services.vocabulary.restoration import STREAM
from shared.command_fields import FactDate
from shared.decider import Decider
from shared.trust.personal.marks import PublicText

LastPosition = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]

# Events: what happened -----------------------------------------------------------------------------------------------


class LogRestored(Struct, frozen=True, tag=True):
    """The log was put back to what it was at position `after`: what it had at positions between that and this event is lost.

    `backup` is the SHA-256 of the backup’s manifest; None if the log was put back by other means.
    """

    after: int
    backup: PublicText | None
    on: date


Event = LogRestored

# State: what is true -------------------------------------------------------------------------------------------------

State = int  # how often the log was restored
initial: State = 0


def evolve(state: State, event: Event) -> State:
    match event:
        case LogRestored():
            return state + 1
        case _:
            assert_never(event)


# Commands: what may be requested -------------------------------------------------------------------------------------


class RecordRestoration(Struct, frozen=True):
    after: LastPosition
    on: FactDate
    backup: Digest | None = None


Command = RecordRestoration

# Decisions: what follows ---------------------------------------------------------------------------------------------


def decide(state: State, command: Command) -> list[Event]:
    match command:
        case RecordRestoration(after=after, on=on, backup=backup):
            return [LogRestored(after, backup, on)]
        case _:
            assert_never(command)


decider = Decider("reporting", commands=Command, events=Event, initial=initial, evolve=evolve, decide=decide, stream=lambda command: STREAM)
