"""Releases: a small cell is masked until a recorded decision of an authority shows it. One stream, `releases`."""

from datetime import date
from typing import Annotated, assert_never

from msgspec import Meta, Struct

from services.reporting.aggregates.declared import IndicatorId
from services.vocabulary.fields import QuarterId, TerritoryOrAll
from shared.command_fields import FactDate
from shared.decider import Decider
from shared.errors import Refused
from shared.trust.personal.marks import Code, PublicText

Name = Annotated[str, Meta(max_length=60)]

# Events: what happened -----------------------------------------------------------------------------------------------


class CellReleased(Struct, frozen=True, tag=True):
    """The cell is shown; what follows from it by subtraction is part of the decision."""

    indicator: Code
    quarter: Code
    of_territory: Code
    authority: PublicText
    on: date


Event = CellReleased

# State: what is true -------------------------------------------------------------------------------------------------


class Released(Struct, frozen=True):
    """Released cells: indicator, quarter, territory."""

    cells: frozenset[tuple[str, str, str]]


State = Released
initial: State = Released(frozenset())


def evolve(state: State, event: Event) -> State:
    match event:
        case CellReleased(indicator=indicator, quarter=quarter, of_territory=territory):
            return Released(state.cells | {(indicator, quarter, territory)})
        case _:
            assert_never(event)


# Commands: what may be requested -------------------------------------------------------------------------------------


class ReleaseCell(Struct, frozen=True):
    """`of_territory` is "all" for the whole programme; `authority` names the decision, not a person."""

    indicator: IndicatorId
    quarter: QuarterId
    of_territory: TerritoryOrAll
    authority: Annotated[str, Meta(max_length=200)]
    on: FactDate


Command = ReleaseCell


def stream(command: Command) -> str:
    return "releases"


# Decisions: what follows ---------------------------------------------------------------------------------------------


def decide(state: State, command: Command) -> list[Event]:
    match command:
        case ReleaseCell():
            if (command.indicator, command.quarter, command.of_territory) in state.cells:
                raise Refused("cell_already_released")
            return [CellReleased(command.indicator, command.quarter, command.of_territory, command.authority, command.on)]
        case _:
            assert_never(command)


decider = Decider("reporting", commands=Command, events=Event, initial=initial, evolve=evolve, decide=decide, stream=stream)
