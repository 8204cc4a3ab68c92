"""Definitions: what a figure means, as versioned data in the log. A version is published once and never edited.

`outcome_classes` gives each quality of an outcome its class; `CDD>=6` is a contract of six months or more. `counted_stages` says at
which stage a referral counts; `thresholds` protect small groups. One stream, `definitions`.
"""

from datetime import date
from typing import Annotated, assert_never

from msgspec import Meta, Struct

from services.reporting.coded_values import OutcomeClass, ReferralStage
from services.vocabulary.fields import Version
from shared.command_fields import FactDate
from shared.decider import Decider
from shared.errors import Refused

Name = Annotated[str, Meta(max_length=60)]
Threshold = Annotated[int, Meta(ge=1, le=1_000)]
REQUIRED_THRESHOLDS = frozenset({"small_cell", "rate_floor", "late_days"})

# Events: what happened -----------------------------------------------------------------------------------------------


class DefinitionsPublished(Struct, frozen=True, tag=True):
    """A version of the definitions is in force from now on."""

    version: int
    outcome_classes: dict[str, str]
    counted_stages: dict[str, str]
    thresholds: dict[str, int]
    indicators: list[str]
    on: date


Event = DefinitionsPublished

# State: what is true -------------------------------------------------------------------------------------------------


class Published(Struct, frozen=True):
    """The latest version; 0 before the first."""

    version: int


State = Published
initial: State = Published(0)


def evolve(state: State, event: Event) -> State:
    match event:
        case DefinitionsPublished(version=version):
            return Published(version)
        case _:
            assert_never(event)


# Commands: what may be requested -------------------------------------------------------------------------------------


class PublishDefinitions(Struct, frozen=True):
    version: Version
    outcome_classes: dict[Name, OutcomeClass]
    counted_stages: dict[Name, ReferralStage]
    thresholds: dict[Name, Threshold]
    indicators: list[Name]
    on: FactDate


Command = PublishDefinitions


def stream(command: Command) -> str:
    return "definitions"


# Decisions: what follows ---------------------------------------------------------------------------------------------


def decide(state: State, command: Command) -> list[Event]:
    match command:
        case PublishDefinitions():
            return publish(state, command)
        case _:
            assert_never(command)


def publish(state: State, command: PublishDefinitions) -> list[Event]:
    if command.version != state.version + 1:
        raise Refused("definitions_out_of_order", expected=state.version + 1)
    if missing := REQUIRED_THRESHOLDS - command.thresholds.keys():
        raise Refused("thresholds_missing", thresholds=", ".join(sorted(missing)))
    if not all(is_quality(quality) for quality in command.outcome_classes):
        raise Refused("quality_unreadable")
    return [
        DefinitionsPublished(
            command.version,
            {quality: given.value for quality, given in command.outcome_classes.items()},
            {figure: stage.value for figure, stage in command.counted_stages.items()},
            command.thresholds,
            command.indicators,
            command.on,
        )
    ]


def is_quality(quality: str) -> bool:
    name, sign, months = quality.partition(">=")
    return bool(name) and (not sign or months.isdecimal())


decider = Decider("reporting", commands=Command, events=Event, initial=initial, evolve=evolve, decide=decide, stream=stream)
