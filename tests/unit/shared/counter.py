"""A tiny aggregate, so that the kernel is tested without any domain."""

from datetime import date
from typing import Annotated

from msgspec import Meta, Struct

from shared.command_fields import FactDate
from shared.decider import Decider
from shared.errors import Refused

LIMIT = 10


class Counted(Struct, frozen=True, tag=True):
    name: str
    step: int
    on: date


class Overflowed(Struct, frozen=True, tag=True):
    name: str


Event = Counted | Overflowed


def evolve(total: int, event: Event) -> int:
    return total + event.step if isinstance(event, Counted) else total


class Count(Struct, frozen=True):
    name: str
    step: Annotated[int, Meta(ge=1, le=5)]
    on: FactDate


def decide(total: int, command: Count) -> list[Event]:
    if total + command.step > LIMIT:
        raise Refused("over_the_limit", limit=LIMIT)
    counted = Counted(command.name, command.step, command.on)
    return [counted, Overflowed(command.name)] if total + command.step == LIMIT else [counted]


decider = Decider(
    "tests", commands=Count, events=Event, initial=0, evolve=evolve, decide=decide, stream=lambda command: f"counter-{command.name}"
)
anonymous = Decider(
    "tests",
    commands=Count,
    events=Event,
    initial=0,
    evolve=evolve,
    decide=decide,
    stream=lambda command: f"counter-{command.name}",
    anonymous=True,
)
