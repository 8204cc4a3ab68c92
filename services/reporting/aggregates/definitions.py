"""Definitions: what a figure means, as versioned data in the log. A version is published once and never edited.

`outcome_classes` gives each quality of an outcome its class; `CDD>=6` is a contract of six months or more. `counted_stages` says at
which stage a referral counts; `thresholds` protect small groups. What each may name is in declared.py. One stream, `definitions`.

The first version is in force from the start. Another one is in force from a quarter on, which is not over when it is published, until a
later version takes its place: the quarters before keep theirs (ADR 0033).
"""

from datetime import date
from typing import Annotated, assert_never

from msgspec import Meta, Struct

from services.reporting.aggregates.declared import IndicatorId
from services.reporting.coded_values import OutcomeClass, ReferralStage
from services.vocabulary.calendar import quarter_of
from services.vocabulary.fields import QuarterId, Version
from shared.command_fields import FactDate, RecordingDate
from shared.decider import Decider
from shared.errors import Refused
from shared.field_rules import RULE
from shared.trust.personal.marks import Code

Name = Annotated[str, Meta(max_length=60)]
Threshold = Annotated[int, Meta(ge=1, le=1_000)]
OutcomeClasses = Annotated[dict[Name, OutcomeClass], Meta(extra={RULE: "outcome_classes"})]
CountedStages = Annotated[dict[Name, ReferralStage], Meta(extra={RULE: "counted_stages"})]
Thresholds = Annotated[dict[Name, Threshold], Meta(extra={RULE: "thresholds"})]
IndicatorIds = Annotated[list[IndicatorId], Meta(extra={RULE: "indicators"})]

# Events: what happened -----------------------------------------------------------------------------------------------


class DefinitionsPublished(Struct, frozen=True, tag=True):
    """A version of the definitions. Without `from_quarter` it is in force from the start: the first one, and those of earlier releases."""

    version: int
    outcome_classes: dict[Code, Code]
    counted_stages: dict[Code, Code]
    thresholds: dict[Code, int]
    indicators: list[Code]
    on: date
    from_quarter: Code | None = None


Event = DefinitionsPublished

# State: what is true -------------------------------------------------------------------------------------------------


class Published(Struct, frozen=True):
    """The latest version, 0 before the first, and the quarter from which it is in force."""

    version: int
    from_quarter: str = ""


State = Published
initial: State = Published(0)


def evolve(state: State, event: Event) -> State:
    match event:
        case DefinitionsPublished(version=version, from_quarter=quarter):
            return Published(version, quarter or state.from_quarter)
        case _:
            assert_never(event)


# Commands: what may be requested -------------------------------------------------------------------------------------


class PublishDefinitions(Struct, frozen=True):
    version: Version
    outcome_classes: OutcomeClasses
    counted_stages: CountedStages
    thresholds: Thresholds
    indicators: IndicatorIds
    on: FactDate
    recorded_on: RecordingDate
    from_quarter: QuarterId | None = None


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
    check_quarter(state, command)
    return [
        DefinitionsPublished(
            command.version,
            {quality: given.value for quality, given in command.outcome_classes.items()},
            {figure: stage.value for figure, stage in command.counted_stages.items()},
            command.thresholds,
            command.indicators,
            command.on,
            command.from_quarter,
        )
    ]


def check_quarter(state: State, command: PublishDefinitions) -> None:
    """From which quarter a version may be in force."""
    quarter = command.from_quarter
    if (quarter is None) != (command.version == 1):
        raise Refused("definitions_from_a_quarter")
    if quarter is not None and quarter < quarter_of(command.recorded_on):
        raise Refused("definitions_for_the_past", quarter=quarter_of(command.recorded_on))
    if quarter is not None and quarter < state.from_quarter:
        raise Refused("definitions_before_the_last", quarter=state.from_quarter)


decider = Decider("reporting", commands=Command, events=Event, initial=initial, evolve=evolve, decide=decide, stream=stream)
