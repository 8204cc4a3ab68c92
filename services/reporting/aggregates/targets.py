"""Targets: the percentage that a territory, or the whole programme, aims at from a quarter on. One stream, `targets`."""

from datetime import date
from typing import Annotated, assert_never

from msgspec import Meta, Struct

from services.reporting.aggregates.declared import TargetedIndicator
from services.reporting.coded_values import TARGET_OF
from services.vocabulary.calendar import quarter_of
from services.vocabulary.fields import QuarterId, TerritoryId
from shared.command_fields import FactDate, RecordingDate
from shared.decider import Decider
from shared.errors import Refused
from shared.trust.personal.marks import Code

Percent = Annotated[int, Meta(ge=0, le=100)]

# Events: what happened -----------------------------------------------------------------------------------------------


class TargetSet(Struct, frozen=True, tag=True):
    """`value` is a percentage; `for_territory` is None for the whole programme."""

    indicator: Code
    value: int
    from_quarter: Code
    for_territory: Code | None
    on: date


Event = TargetSet

# State: what is true -------------------------------------------------------------------------------------------------

TargetKey = tuple[str, str, str | None]  # indicator, from quarter, territory (None is the whole programme)


def key(indicator: str, quarter: str, territory: str | None) -> TargetKey:
    return TARGET_OF.get(indicator, indicator), quarter, territory


class Targets(Struct, frozen=True):
    """The latest value of each target."""

    values: dict[TargetKey, int]


State = Targets
initial: State = Targets({})


def evolve(state: State, event: Event) -> State:
    match event:
        case TargetSet(indicator=indicator, value=value, from_quarter=quarter, for_territory=territory):
            return Targets({**state.values, key(indicator, quarter, territory): value})
        case _:
            assert_never(event)


# Commands: what may be requested -------------------------------------------------------------------------------------


class SetTarget(Struct, frozen=True):
    indicator: TargetedIndicator
    value: Percent
    from_quarter: QuarterId
    on: FactDate
    recorded_on: RecordingDate
    for_territory: TerritoryId | None = None


Command = SetTarget


def stream(command: Command) -> str:
    return "targets"


# Decisions: what follows ---------------------------------------------------------------------------------------------


def decide(state: State, command: Command) -> list[Event]:
    match command:
        case SetTarget():
            if command.from_quarter < (present := quarter_of(command.recorded_on)):
                raise Refused("target_for_the_past", quarter=present)
            if state.values.get(key(command.indicator, command.from_quarter, command.for_territory)) == command.value:
                raise Refused("target_already_set")
            return [TargetSet(command.indicator, command.value, command.from_quarter, command.for_territory, command.on)]
        case _:
            assert_never(command)


decider = Decider("reporting", commands=Command, events=Event, initial=initial, evolve=evolve, decide=decide, stream=stream)
