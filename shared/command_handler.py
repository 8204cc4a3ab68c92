"""The command handler: it runs the commands of one service against the log.

How it works
------------
    validate -> check the permission -> load the stream -> fold -> decide -> append at the version that was read -> on conflict, repeat

*Decide* is the aggregate's own pure function (`shared.decider`); everything around it is here, once for all aggregates.

*Optimistic concurrency.* The append names the version that was read. If another writer appended meanwhile, the log raises Conflict and
the handler loads and decides again, up to MAX_ATTEMPTS times: a decision is only recorded on the state it was made for.

*Idempotency.* Every event carries the id of the command that caused it. A command that comes again (a retry, a redelivery, a crash
between the append and the reply) finds its own events in the stream and gets the first answer, even when the rules would refuse it now.
Event ids are derived from the command id, so the same append sent twice is one append.

*Time.* The handler fills in what a sender may not choose (`shared.command_fields`): the day of the fact, the day of the recording, the
actor, the organisation and the territory. A fact is recorded after it happened, never before.

Thread-safe and blocking: it is called from native threads.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from functools import reduce
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import msgspec
from msgspec import Raw, Struct

from shared.command_fields import FilledIn
from shared.decider import Decider
from shared.errors import Conflict, Refused
from shared.message import ANONYMOUS, PREFIX, CommandMessage, EventBody, EventMessage, Position, dataschema
from shared.store.port import NO_STREAM, Append, Appended, EventStore, NewEvent
from shared.time import Clock
from shared.trust.access import Identity, Permissions
from shared.validation import CommandParser, ValidationTexts

MAX_ATTEMPTS = 16  # conflicts in a row on one stream before Conflict is raised

encode = msgspec.json.Encoder().encode


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
    """A stream in memory: its state, its version, and the answers that were given in it, by command id."""

    def __init__(self, command_type: CommandType, stream: str, history: Sequence[EventMessage]) -> None:
        decode, decider = command_type.decode_event, command_type.decider
        self.state = reduce(decider.evolve, (decode(event.data) for event in history), decider.initial)
        self.version = history[-1].streamversion if history else NO_STREAM
        self.answers: dict[UUID, Answer] = {}
        for event in history:
            earlier = self.answers.get(event.commandid)
            names = [*(earlier.events if earlier else []), event_name(event.type)]
            self.answers[event.commandid] = Answer(
                command=event.commandid, stream=stream, version=event.streamversion, position=event.position, events=names
            )

    def advance(self, answer: Answer) -> None:
        """Note that the events of a command were recorded at the end of this stream."""
        self.version = answer.version
        self.answers[answer.command] = answer


class Decision(NamedTuple):
    """The append that a command leads to, and the state of its stream after it."""

    append: Append
    state: Any


class CommandHandler:
    """Runs the commands of one service.

    `zone` is the time zone where the programme is run: it decides which calendar day an instant belongs to.
    """

    def __init__(
        self,
        deciders: Iterable[Decider[Any, Any, Any]],
        store: EventStore,
        permissions: Permissions,
        clock: Clock,
        zone: tzinfo,
        texts: ValidationTexts,
    ) -> None:
        self.command_types = {
            command.__name__: CommandType(decider, command, texts) for decider in deciders for command in decider.command_types
        }
        self.store = store
        self.permissions = permissions
        self.clock = clock
        self.zone = zone

    def handle(self, message: CommandMessage, identity: Identity) -> Answer:
        """Decide one command and record its events.

        Raises:
            Invalid: the data is not that of such a command; every fault is listed.
            Forbidden: the identity may not do this in this territory.
            Refused: the rules do not allow it, or there is no such command.
            Conflict: other writers were first, MAX_ATTEMPTS times in a row.
            TooLarge, Unrecordable: the log does not accept the events.
            Unavailable: the log cannot be reached; the outcome is unknown, and the same message may be sent again.
        """
        command_type, command = self.admit(message, identity)
        stream = command_type.decider.stream(command)
        for _ in range(MAX_ATTEMPTS):
            loaded = LoadedStream(command_type, stream, self.store.read_stream(stream))
            answer = loaded.answers.get(message.id)
            if answer is not None:
                return answer
            append = self.decide(command_type, command, message, stream, loaded).append
            try:
                return answer_to(message, append, self.store.append(append))
            except Conflict as conflict:
                last_conflict = conflict
        raise last_conflict

    def admit(self, message: CommandMessage, identity: Identity) -> tuple[CommandType, Any]:
        """Validate and authorise a message: its type, and the command as the aggregate knows it."""
        command_type = self.command_types.get(message.type)
        if command_type is None:
            raise Refused("unknown_command", command=message.type)
        values = command_type.parser.validate(message.data)
        self.permissions.check(identity, message.type, message.territory)
        recorded = message.recorded_time or self.clock()
        if message.time > recorded:
            raise Refused("fact_in_the_future")
        return command_type, command_type.parser.build(values, self.filled_in(message, recorded))

    def filled_in(self, message: CommandMessage, recorded: datetime) -> dict[FilledIn, Any]:
        return {
            FilledIn.FACT_DATE: message.time.astimezone(self.zone).date(),
            FilledIn.RECORDING_DATE: recorded.astimezone(self.zone).date(),
            FilledIn.ACTOR: message.actor.id,
            FilledIn.ORGANISATION: message.actor.organisation,
            FilledIn.TERRITORY: message.territory,
        }

    def decide(self, command_type: CommandType, command: Any, message: CommandMessage, stream: str, loaded: LoadedStream) -> Decision:
        """Let the aggregate decide. Nothing is recorded, and `loaded` is unchanged."""
        decider = command_type.decider
        events = decider.decide(loaded.state, command)
        new_events = [self.new_event(command_type, message, stream, event, index) for index, event in enumerate(events)]
        append = Append(stream, loaded.version, new_events, message.recorded_time)
        return Decision(append, reduce(decider.evolve, events, loaded.state))

    def new_event(self, command_type: CommandType, message: CommandMessage, stream: str, event: Any, index: int) -> NewEvent:
        """The event's envelope and data, encoded once."""
        decider = command_type.decider
        attributed = not decider.anonymous
        body = EventBody(
            id=event_id(message.id, stream, index),
            type=f"{PREFIX}{decider.service}.{type(event).__name__}",
            source=f"/parcours/{decider.service}",
            subject=stream,
            time=message.time.astimezone(UTC),  # instants are written in UTC, whatever offset the sender uses
            dataschema=command_type.schemas[type(event)],
            territory=message.territory,
            actor=message.actor if attributed else ANONYMOUS,
            commandid=message.id,
            causationid=(message.causation_id if attributed else None) or msgspec.UNSET,
            correlationid=(message.correlation_id or str(message.id)) if attributed else msgspec.UNSET,
            data=Raw(encode(event)),
        )
        return NewEvent(body.id, body.type, encode(body))


def event_id(command: UUID, stream: str, index: int) -> UUID:
    """The id of the nth event (from 0) that a command causes in a stream: the same at every retry, and used by no other event."""
    return uuid5(command, f"{stream}/{index}")


def event_name(type: str) -> str:
    """`JourneyOpened`, of `fr.parcours.coaching.JourneyOpened`."""
    return type.rpartition(".")[2]


def answer_to(message: CommandMessage, append: Append, appended: Appended) -> Answer:
    names = [event_name(event.type) for event in append.events]
    return Answer(command=message.id, stream=append.stream, version=appended.version, position=appended.position, events=names)
