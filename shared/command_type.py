"""A type of command, and what comes of a command: a decision, and an answer when it is recorded."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Struct

from shared.decider import Decider
from shared.message import CommandMessage, Position, dataschema
from shared.store.port import Append, Appended
from shared.validation import CommandParser, ValidationTexts


class Answer(Struct, frozen=True, kw_only=True):
    """The result of an accepted command. The same command id always gets the same answer.

    `version` is the version of the stream and `position` the position in the log after the command's last event; `events` are the
    names of its events.
    """

    command: UUID
    stream: str
    version: int
    position: Position
    events: list[str]


class CommandType:
    """One type of command with what handles it: its aggregate, its parser, and how the aggregate's events are read and written."""

    def __init__(self, decider: Decider[Any, Any, Any], command: type[Any], texts: ValidationTexts) -> None:
        self.decider = decider
        self.parser = CommandParser(command, texts)
        self.decode_event = msgspec.json.Decoder(decider.events).decode
        self.schemas: Mapping[type[Any], str] = {
            event: dataschema(f"{decider.service}.{event.__name__}", decider.event_version(event.__name__)) for event in decider.event_types
        }


class Decision(NamedTuple):
    """The append that a command leads to, and the state of its stream after it."""

    append: Append
    state: Any


def event_name(type: str) -> str:
    """`JourneyOpened`, of `fr.parcours.coaching.JourneyOpened`."""
    return type.rpartition(".")[2]


def answer_to(message: CommandMessage, append: Append, appended: Appended) -> Answer:
    names = [event_name(event.type) for event in append.events]
    return Answer(command=message.id, stream=append.stream, version=appended.version, position=appended.position, events=names)
