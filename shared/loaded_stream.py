"""A stream in memory, and the answers that were given in it."""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET, Struct

from shared.decider import Decider
from shared.errors import Refused
from shared.message import ANONYMOUS, CommandMessage, EventMessage, Position, dataschema
from shared.store.port import NO_STREAM, Append, Appended
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


class LoadedStream:
    """A stream: its state, its version, and the ids of the commands that were recorded in it.

    `history` is what was read; None once it is no longer the whole stream.
    """

    def __init__(self, command_type: CommandType, stream: str, history: Sequence[EventMessage]) -> None:
        decode, decider = command_type.decode_event, command_type.decider
        self.stream = stream
        self.state = reduce(decider.evolve, (decode(event.data) for event in history), decider.initial)
        self.version = history[-1].streamversion if history else NO_STREAM
        self.history: Sequence[EventMessage] | None = history
        self.commands = {event.commandid for event in history}

    def earlier_answer(self, message: CommandMessage, read_stream: Callable[[str], Sequence[EventMessage]]) -> Answer | None:
        """The answer that this command was given already, if it was.

        Raises:
            Refused: the id belongs to another command or actor (`idempotency_key_reused`).
        """
        if message.id not in self.commands:
            return None
        history = read_stream(self.stream) if self.history is None else self.history
        events = [event for event in history if event.commandid == message.id]
        if message.digest is not None and not asked_by(message, events[-1]):
            raise Refused("idempotency_key_reused")
        names = [event_name(event.type) for event in events]
        last = events[-1]
        return Answer(command=message.id, stream=self.stream, version=last.streamversion, position=last.position, events=names)

    def advance(self, state: Any, answer: Answer) -> None:
        """Note that the events of a command were recorded at the end of this stream, and led to this state."""
        self.state = state
        self.version = answer.version
        self.history = None
        self.commands.add(answer.command)


def asked_by(message: CommandMessage, event: EventMessage) -> bool:
    """Whether this may be the command of that event, asked by the same actor.

    An event that was written before digests were kept has none, and of an anonymous one no actor is known.
    """
    return event.commanddigest in (UNSET, message.digest) and event.actor in (ANONYMOUS, message.actor)


def event_name(type: str) -> str:
    """`JourneyOpened`, of `fr.parcours.coaching.JourneyOpened`."""
    return type.rpartition(".")[2]


def answer_to(message: CommandMessage, append: Append, appended: Appended) -> Answer:
    names = [event_name(event.type) for event in append.events]
    return Answer(command=message.id, stream=append.stream, version=appended.version, position=appended.position, events=names)
