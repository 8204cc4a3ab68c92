"""The command handler: it runs the commands of one service against the log.

How it works
------------
    validate -> check the permission -> load the stream -> fold -> decide -> append at the version that was read -> on conflict, repeat

*Decide* is the aggregate's own pure function (`shared.decider`); everything around it is here, once for all aggregates.

*Optimistic concurrency.* The append names the version that was read. If another writer appended meanwhile, the log raises Conflict and
the handler loads and decides again, up to MAX_ATTEMPTS times: a decision is only recorded on the state it was made for.

*Idempotency.* Every event carries the id of the command that caused it. A command that comes again (a retry, a redelivery, a crash
between the append and the reply) finds its own events in the stream and gets the first answer, even when the rules would refuse it now.
Event ids are derived from the command id, so the same append sent twice is one append. Another command under the id of an earlier one
in its stream is refused: each event carries a digest of what the sender wrote, and its actor. The first answer is only for the same
actor who wrote the same; of an anonymous event no actor is known, and none is compared.

*Personal data* is encrypted before the event is encoded (`shared.trust.personal`).

*Time and place.* The handler fills in what a sender may not choose (`shared.command_fields`): the day of the fact, the day of the
recording, the actor, the organisation, the territory, and what is known of a person. When a fact may have happened is decided by
`shared.admission`, where it belongs by `shared.placement`.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import reduce
from typing import Any, NamedTuple, Protocol
from uuid import UUID, uuid5

import msgspec
from msgspec import UNSET, Raw
from msgspec.structs import replace

from shared.admission import Admission, Admitted
from shared.command_fields import FilledIn
from shared.command_type import Answer, CommandType, Decision
from shared.decider import Decider
from shared.errors import Conflict, Refused
from shared.message import ANONYMOUS, PREFIX, CommandMessage, EventBody, EventMessage
from shared.placement import Known, Placement, ReadStream, Streams
from shared.store.port import NO_STREAM, Append, Appended, EventStore, NewEvent
from shared.trust.access import Identity, Permissions
from shared.trust.personal.protection import Protection

MAX_ATTEMPTS = 16  # conflicts in a row on one stream before Conflict is raised

encode = msgspec.json.Encoder().encode


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

    def earlier_answer(self, received: "Received", read_stream: Callable[[str], Sequence[EventMessage]]) -> Answer | None:
        """The answer that this command was given already, if it was.

        Raises:
            Refused: the id belongs to another command or actor (`idempotency_key_reused`).
        """
        message = received.message
        if message.id not in self.commands:
            return None
        history = read_stream(self.stream) if self.history is None else self.history
        events = [event for event in history if event.commandid == message.id]
        if message.digest is not None and not asked_by(received, events[-1]):
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


class Memory(Protocol):
    """What is kept of streams from one command to the next (`shared.stream_memory`)."""

    persons: Known

    def load(self, command_type: CommandType, stream: str) -> LoadedStream: ...
    def recorded(self, append: Append, state: Any, answer: Answer) -> None: ...
    def clear(self) -> None: ...


class Received(NamedTuple):
    """A valid command whose sender may give it: its type, its values, and the command as it is before its place is known.

    `message` has the digest that its events keep; `digest` is that of what was sent, which events of earlier releases keep.
    """

    type: CommandType
    message: CommandMessage
    digest: str | None
    identity: Identity
    admitted: Admitted
    command: Any

    @property
    def stream(self) -> str:
        return self.type.decider.stream(self.command)


class CommandHandler:
    """Runs the commands of one service. It blocks, and is thread-safe: it is called from native threads."""

    def __init__(
        self,
        deciders: Iterable[Decider[Any, Any, Any]],
        store: EventStore,
        permissions: Permissions,
        admission: Admission,
        placement: Placement | None = None,
        protection: Protection | None = None,
    ) -> None:
        self.command_types = {
            command.__name__: CommandType(decider, command, admission.texts) for decider in deciders for command in decider.command_types
        }
        self.types_by_decider = {id(command_type.decider): command_type for command_type in self.command_types.values()}
        self.store = store
        self.permissions = permissions
        self.admission = admission
        self.placement = placement
        self.protection = protection
        self.memory: Memory | None = None  # of who appends alone

    def handle(self, message: CommandMessage, identity: Identity) -> Answer:
        """Decide one command and record its events.

        Raises:
            Invalid: the data is not that of such a command; every fault is listed.
            Forbidden: the identity may not do this in this territory.
            Refused: the rules do not allow it, there is no such command, or its id belongs to another one.
            Conflict: other writers were first, MAX_ATTEMPTS times in a row.
            TooLarge, Unrecordable: the log does not accept the events.
            Unavailable: the log cannot be reached; the outcome is unknown, and the same message may be sent again.
        """
        received = self.with_key(self.receive(message, identity))
        stream = received.stream
        for _ in range(MAX_ATTEMPTS):
            loaded = self.load(received.type, stream)
            self.admission.compare_clocks(loaded.history)
            answer = loaded.earlier_answer(received, self.store.read_stream)
            if answer is not None:
                return answer
            decision = self.decide(received, stream, loaded, self.store.read_stream)
            try:
                return self.record(message, decision)
            except Conflict as conflict:
                last_conflict = conflict
                if self.memory:
                    self.memory.clear()
        raise last_conflict

    def streams_of(self, received: Received) -> Iterable[str]:
        """The streams on which a command is decided, as far as the command alone tells: its own, and those of its person."""
        person = getattr(received.command, "person", None)
        persons = self.placement.persons.streams(person) if self.placement and isinstance(person, str) else ()
        return received.stream, *persons

    def load(self, command_type: CommandType, stream: str) -> LoadedStream:
        if self.memory:
            return self.memory.load(command_type, stream)
        return LoadedStream(command_type, stream, self.store.read_stream(stream))

    def record(self, message: CommandMessage, decision: Decision) -> Answer:
        answer = answer_to(message, decision.append, self.store.append(decision.append))
        if self.memory:
            self.memory.recorded(decision.append, decision.state, answer)
        return answer

    def receive(self, message: CommandMessage, identity: Identity) -> Received:
        """Validate and authorise a message."""
        if (command_type := self.command_types.get(message.type)) is None:
            raise Refused("unknown_command", command=message.type)
        admitted = self.admission.admit(command_type.parser, message)
        self.permissions.check(identity, message.type, message.territory)
        command = self.build(command_type, admitted, admitted.message, identity)
        return Received(command_type, admitted.message, message.digest, identity, admitted, command)

    def with_key(self, received: Received) -> Received:
        return received._replace(message=self.protection.keyed(received.message, received.command)) if self.protection else received

    def build(self, command_type: CommandType, admitted: Admitted, message: CommandMessage, identity: Identity) -> Any:
        """The command, with what the handler fills in."""
        filled_in = {
            FilledIn.FACT_DATE: admitted.circumstances.fact_date,
            FilledIn.RECORDING_DATE: admitted.circumstances.recording_date,
            FilledIn.ACTOR: message.actor.id,
            FilledIn.ORGANISATION: message.actor.organisation,
            FilledIn.TERRITORY: message.territory,
            FilledIn.TERRITORIES: identity.territories,
            FilledIn.ROLE: message.actor.role,
            FilledIn.SCOPE: self.permissions.scope(message.actor.role, message.type),
        }
        return command_type.parser.build(admitted.values, filled_in)

    def decide(self, received: Received, stream: str, loaded: LoadedStream, read: ReadStream) -> Decision:
        """Find where the fact belongs, and let the aggregate decide. Nothing is recorded, and `loaded` is unchanged.

        `read` reads the other streams that the decision rests on.
        """
        decider = received.type.decider
        known = self.memory.persons if self.memory else None
        message, command = self.placed(received, loaded, Streams(stream, loaded.history, read, known))
        events = decider.decide(loaded.state, command)
        new_events = [self.new_event(received.type, message, stream, event, index) for index, event in enumerate(events)]
        append = Append(stream, loaded.version, new_events, message.recorded_time)
        return Decision(append, reduce(decider.evolve, events, loaded.state))

    def placed(self, received: Received, loaded: LoadedStream, streams: Streams) -> tuple[CommandMessage, Any]:
        """The message in the territory of its fact, and the command with the standings that its aggregate asks for."""
        decider, message, command = received.type.decider, received.message, received.command
        if self.placement is None:
            return message, command
        place = decider.place(loaded.state, command) if decider.place else None
        persons = decider.persons(loaded.state, command) if decider.persons else {}
        everywhere = self.permissions.scope(received.identity.actor.role, message.type) == "all"
        placed = self.placement.place(message, place, persons, streams, everywhere=everywhere)
        if placed.message.territory != message.territory:
            command = self.build(received.type, received.admitted, placed.message, received.identity)
        return placed.message, replace(
            command,
            **placed.standings,
            **self.consulted(decider, loaded.state, command, streams),
            **self.named(decider, loaded.state, command),
        )

    def consulted(self, decider: Decider[Any, Any, Any], state: Any, command: Any, streams: Streams) -> dict[str, Any]:
        """The states of the other aggregates that decide too, by field of the command."""
        consulted = decider.consults(state, command) if decider.consults else {}
        return {
            field: LoadedStream(self.types_by_decider[id(other)], stream, streams.read(stream)).state
            for field, (other, stream) in consulted.items()
        }

    def named(self, decider: Decider[Any, Any, Any], state: Any, command: Any) -> dict[str, str]:
        """The kinds of the events that a command names by their positions, by field of the command."""
        positions = decider.named_events(state, command) if decider.named_events else {}
        kinds = {event.position: event.kind for event in self.store.read_at([*positions.values()])} if positions else {}
        return {field: kinds.get(position, "") for field, position in positions.items()}

    def new_event(self, command_type: CommandType, message: CommandMessage, stream: str, event: Any, index: int) -> NewEvent:
        """The event's envelope and data, encoded once. Instants are written in UTC, whatever offset the sender uses."""
        decider, attributed, id = command_type.decider, not command_type.decider.anonymous, event_id(message.id, stream, index)
        body = EventBody(
            id=id,
            type=f"{PREFIX}{decider.service}.{type(event).__name__}",
            source=f"/parcours/{decider.service}",
            subject=stream,
            time=message.time.astimezone(UTC) if attributed else self.month(message.time),
            dataschema=command_type.schemas[type(event)],
            territory=message.territory,
            actor=message.actor if attributed else ANONYMOUS,
            commandid=message.id,
            commanddigest=message.digest or UNSET,
            causationid=(message.causation_id if attributed else None) or UNSET,
            traceparent=(message.traceparent if attributed else None) or UNSET,
            correlationid=(message.correlation_id or str(message.id)) if attributed else UNSET,
            data=Raw(encode(self.protection.protected(event, str(id)) if self.protection else event)),
        )
        return NewEvent(body.id, body.type, encode(body))

    def month(self, moment: datetime) -> datetime:
        """The first instant of its month: all that is written of the time of an anonymous fact."""
        return moment.astimezone(self.admission.zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def event_id(command: UUID, stream: str, index: int) -> UUID:
    """The id of the nth event (from 0) that a command causes in a stream: the same at every retry, and used by no other event."""
    return uuid5(command, f"{stream}/{index}")


def asked_by(received: Received, event: EventMessage) -> bool:
    """Whether this may be the command of that event, by the same actor. Early events have no digest, anonymous ones no known actor."""
    return event.commanddigest in (UNSET, received.message.digest, received.digest) and event.actor in (ANONYMOUS, received.message.actor)


def event_name(type: str) -> str:
    """`JourneyOpened`, of `fr.parcours.coaching.JourneyOpened`."""
    return type.rpartition(".")[2]


def answer_to(message: CommandMessage, append: Append, appended: Appended) -> Answer:
    names = [event_name(event.type) for event in append.events]
    return Answer(command=message.id, stream=append.stream, version=appended.version, position=appended.position, events=names)
