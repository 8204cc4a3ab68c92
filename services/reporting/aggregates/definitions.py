"""Definitions: what a figure means, as versioned data in the log. A version is published once and never edited.

`outcome_classes` gives each quality of an outcome its class; `CDD>=6` speaks of contracts of six months or more.
`counted_stages` says at which stage a fact counts; `thresholds` protect small groups.
"""

from datetime import date
from typing import Annotated, Literal, assert_never

from msgspec import Meta, Struct

from shared.decider import Decider
from shared.errors import Refused

Class = Literal["POSITIVE", "DYNAMIC", "OTHER"]
Stage = Literal["SENT", "ACCEPTED", "COMPLETED"]
Version = Annotated[int, Meta(ge=1)]
Threshold = Annotated[int, Meta(ge=1, le=1_000)]
NEEDED = frozenset({"small_cell", "rate_floor", "late_days"})

# Events: what happened ---------------------------------------------------------------------------------------------


class DefinitionsPublished(Struct, frozen=True, tag=True):
    version: int
    outcome_classes: dict[str, str]
    counted_stages: dict[str, str]
    thresholds: dict[str, int]
    indicators: list[str]
    on: date


Event = DefinitionsPublished

# State: what is true -----------------------------------------------------------------------------------------------


class Published(Struct, frozen=True):
    version: int


State = Published
initial: State = Published(0)


def evolve(state: State, event: Event) -> State:
    match event:
        case DefinitionsPublished(version=version):
            return Published(version)
        case _:
            assert_never(event)


# Commands: what is asked -------------------------------------------------------------------------------------------


class PublishDefinitions(Struct, frozen=True):
    version: Version
    outcome_classes: dict[str, Class]
    counted_stages: dict[str, Stage]
    thresholds: dict[str, Threshold]
    indicators: list[str]
    on: date


Command = PublishDefinitions


def stream(command: Command) -> str:
    return "definitions"


# Decisions: what follows -------------------------------------------------------------------------------------------


def decide(state: State, command: Command) -> list[Event]:
    match command:
        case PublishDefinitions():
            return publish(state, command)
        case _:
            assert_never(command)


def publish(state: State, command: PublishDefinitions) -> list[Event]:
    if command.version != state.version + 1:
        raise Refused("definitions_out_of_order", f"La version {state.version + 1} des définitions est attendue.")
    if missing := NEEDED - command.thresholds.keys():
        raise Refused("thresholds_missing", f"Il manque des seuils : {', '.join(sorted(missing))}.")
    if not all(well_written(quality) for quality in command.outcome_classes):
        raise Refused("quality_unreadable", "Une qualité s’écrit CDI, ou CDD>=6 pour une durée en mois.")
    return [
        DefinitionsPublished(
            command.version,
            dict(command.outcome_classes),
            dict(command.counted_stages),
            command.thresholds,
            command.indicators,
            command.on,
        )
    ]


def well_written(quality: str) -> bool:
    name, sign, months = quality.partition(">=")
    return bool(name) and (not sign or months.isdecimal())


decider = Decider("reporting", commands=Command, events=Event, initial=initial, evolve=evolve, decide=decide, stream=stream)
