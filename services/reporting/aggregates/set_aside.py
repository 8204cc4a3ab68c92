"""Facts set aside: the remedy for an event that nothing else can mend. The event stays in the log, and counts nowhere from then on.

One person asks for it, and another approves. One stream, `facts-set-aside`, so that whoever folds the log finds them all at once.
"""

from datetime import date
from typing import Annotated, assert_never

from msgspec import Meta, Struct

from services.vocabulary.fields import LongText
from services.vocabulary.set_aside import STREAM
from shared.command_fields import ActorId, EventKind, FactDate
from shared.decider import Decider
from shared.errors import Refused
from shared.trust.personal.marks import Identifier, PublicText

NEVER = frozenset(
    {"reporting.DefinitionsPublished", "reporting.SettingAsideRequested", "reporting.FactSetAside", "coaching.SurveyTicketIssued"}
)
LogPosition = Annotated[int, Meta(ge=1, le=2**63 - 1)]

# Events: what happened -----------------------------------------------------------------------------------------------


class SettingAsideRequested(Struct, frozen=True, tag=True):
    """A person asks that the event at this position counts nowhere, and says why."""

    position: int
    reason: PublicText
    by: Identifier
    on: date


class FactSetAside(Struct, frozen=True, tag=True):
    """Another person agrees. Every projection and replay passes the event over, from the position of this one on."""

    position: int
    reason: PublicText
    requested_by: Identifier
    approved_by: Identifier
    on: date


Event = SettingAsideRequested | FactSetAside

# State: what is true -------------------------------------------------------------------------------------------------


class Request(Struct, frozen=True):
    reason: str
    by: str


class SettingsAside(Struct, frozen=True):
    """The requests that wait for an approval, and the positions that are set aside."""

    requested: dict[int, Request] = {}
    aside: frozenset[int] = frozenset()


State = SettingsAside
initial: State = SettingsAside()


def evolve(state: State, event: Event) -> State:
    match event:
        case SettingAsideRequested(position=position, reason=reason, by=by):
            return SettingsAside({**state.requested, position: Request(reason, by)}, state.aside)
        case FactSetAside(position=position):
            waiting = {asked: request for asked, request in state.requested.items() if asked != position}
            return SettingsAside(waiting, state.aside | {position})
        case _:
            assert_never(event)


# Commands: what may be requested -------------------------------------------------------------------------------------


class SetFactAside(Struct, frozen=True):
    position: LogPosition
    reason: LongText
    on: FactDate
    by: ActorId
    kind: EventKind = ""


class ApproveSettingAside(Struct, frozen=True):
    position: LogPosition
    on: FactDate
    by: ActorId
    kind: EventKind = ""


Command = SetFactAside | ApproveSettingAside

# Decisions: what follows ---------------------------------------------------------------------------------------------


def decide(state: State, command: Command) -> list[Event]:
    check_kind(command)
    if command.position in state.aside:
        raise Refused("already_set_aside", position=command.position)
    match command:
        case SetFactAside(position=position, reason=reason, on=on, by=by):
            if position in state.requested:
                raise Refused("setting_aside_already_requested", position=position)
            return [SettingAsideRequested(position, reason, by, on)]
        case ApproveSettingAside(position=position, on=on, by=by):
            return [approve(state, position, by, on)]
        case _:
            assert_never(command)


def check_kind(command: Command) -> None:
    """Without definitions no figure has a meaning, without the decisions nobody knows what is set aside, and an answer has its ticket."""
    if not command.kind:
        raise Refused("event_unknown", position=command.position)
    if command.kind in NEVER:
        raise Refused("never_set_aside", position=command.position)


def approve(state: State, position: int, by: str, on: date) -> FactSetAside:
    request = state.requested.get(position)
    if request is None:
        raise Refused("setting_aside_not_requested", position=position)
    if request.by == by:
        raise Refused("needs_a_second_person")
    return FactSetAside(position, request.reason, request.by, by, on)


decider = Decider(
    "reporting",
    commands=Command,
    events=Event,
    initial=initial,
    evolve=evolve,
    decide=decide,
    stream=lambda command: STREAM,
    named_events=lambda state, command: {"kind": command.position},
)
