"""The functional kernel: a decider is pure, and one shell runs them all.

    load the stream → fold → decide → append at the version that was read → on conflict, again

A command leaves its id in every event that it causes. So a command that comes again (a retry, a redelivery, a crash between the
append and the reply) finds its own events in the stream and gets the first answer back: that is the whole idempotency.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import reduce
from typing import Any, Generic, TypeVar, get_args
from uuid import UUID

import msgspec
from msgspec import Raw, Struct

from shared.errors import Conflict, Fault, Refused, Unavailable
from shared.message import (
    PREFIX,
    Actor,
    CommandMessage,
    EventBody,
    EventMessage,
    Position,
    dataschema,
    encode,
    event_id,
)
from shared.store.append_checks import check_append
from shared.store.port import NO_STREAM, Append, Appended, EventStore, NewEvent
from shared.store.upcasting import Upcast
from shared.time import Clock, local_date
from shared.trust.identity import Identity
from shared.trust.permissions import Permissions
from shared.validation import CommandParser

log = logging.getLogger(__name__)

S = TypeVar("S")
C = TypeVar("C")
E = TypeVar("E")

ANYONE = Actor("anonymous", "participant")
ATTEMPTS = 16  # conflicts in a row on one stream before the caller is told


class Decider(Generic[S, C, E]):
    """One aggregate page, as the shell needs it.

    `commands` and `events` are the page's unions; `stream` names the stream of a command. `upcasts` gives for an event name the
    functions that turn each old shape into the next: version 1 -> 2, 2 -> 3… `anonymous` pages record no actor.
    """

    def __init__(
        self,
        service: str,
        *,
        commands: Any,
        events: Any,
        initial: S,
        evolve: Callable[[S, E], S],
        decide: Callable[[S, C], list[E]],
        stream: Callable[[C], str],
        upcasts: Mapping[str, Sequence[Upcast]] | None = None,
        anonymous: bool = False,
    ) -> None:
        self.service = service
        self.commands: tuple[type[Any], ...] = get_args(commands) or (commands,)
        self.events: tuple[type[Any], ...] = get_args(events) or (events,)
        self.initial = initial
        self.evolve = evolve
        self.decide = decide
        self.stream = stream
        self.upcasts = dict(upcasts or {})
        self.anonymous = anonymous
        self.decoder = msgspec.json.Decoder(events)

    def schema_of(self, name: str) -> str:
        """The current schema of an event: one version more than the shapes it has left behind."""
        return dataschema(f"{self.service}.{name}", 1 + len(self.upcasts.get(name, ())))

    def fold(self, state: S, history: Iterable[EventMessage]) -> S:
        return reduce(self.evolve, (self.decoder.decode(event.data) for event in history), state)

    def bodies(self, message: CommandMessage, stream: str, events: Sequence[E]) -> list[NewEvent]:
        return [self.body(message, stream, event, event_id(message.id, stream, index)) for index, event in enumerate(events)]

    def body(self, message: CommandMessage, stream: str, event: E, id: UUID) -> NewEvent:
        name = type(event).__name__
        known = not self.anonymous
        body = EventBody(
            id=id,
            type=f"{PREFIX}{self.service}.{name}",
            source=f"/parcours/{self.service}",
            subject=stream,
            time=message.time.astimezone(UTC),  # one way to write an instant, whatever clock the sender reads
            dataschema=self.schema_of(name),
            territory=message.territory,
            actor=message.actor if known else ANYONE,
            commandid=message.id,
            causationid=(message.causation_id if known else None) or msgspec.UNSET,
            correlationid=(message.correlation_id or str(message.id)) if known else msgspec.UNSET,
            data=Raw(encode(event)),
        )
        return NewEvent(id, body.type, encode(body))


class Answer(Struct, frozen=True, kw_only=True):
    """What became of an accepted command. The same command id always gives the same answer."""

    command: UUID
    stream: str
    version: int
    position: Position
    events: list[str]


class Loaded(Generic[S]):
    """A stream in memory: its state, its version, and the answers already given in it."""

    def __init__(self, decider: Decider[S, Any, Any], stream: str, history: Sequence[EventMessage]) -> None:
        self.state = decider.fold(decider.initial, history)
        self.version = history[-1].streamversion if history else NO_STREAM
        self.answers: dict[UUID, Answer] = {}
        for event in history:
            earlier = self.answers.get(event.commandid)
            names = [*(earlier.events if earlier else []), event.type.rpartition(".")[2]]
            self.answers[event.commandid] = Answer(
                command=event.commandid, stream=stream, version=event.streamversion, position=event.position, events=names
            )

    def recorded(self, answer: Answer) -> None:
        self.version = answer.version
        self.answers[answer.command] = answer


class CommandHandler:
    """Runs the commands of one service. Thread-safe; blocking, so it is called from native threads."""

    def __init__(self, deciders: Sequence[Decider[Any, Any, Any]], store: EventStore, permissions: Permissions, clock: Clock) -> None:
        self.deciders = {command.__name__: (decider, CommandParser(command)) for decider in deciders for command in decider.commands}
        self.store = store
        self.permissions = permissions
        self.clock = clock

    def handle(self, message: CommandMessage, identity: Identity) -> Answer:
        """Decide one command and record what follows.

        Raises Invalid, Forbidden, Refused, Conflict (after many attempts) and Unavailable.
        """
        decider, command = self.admitted(message, identity)
        stream = decider.stream(command)
        for _ in range(ATTEMPTS):
            loaded = Loaded(decider, stream, self.store.read_stream(stream))
            answer = loaded.answers.get(message.id)
            if answer is not None:
                return answer
            append = self.decided(decider, command, message, stream, loaded)
            try:
                return answered(message, append, self.store.append(append))
            except Conflict as conflict:
                lost = conflict
        raise lost

    def handle_many(self, messages: Iterable[tuple[CommandMessage, Identity]]) -> list[Answer | Fault]:
        """Decide commands in order, each seeing the ones before it, and record them in as few commits as possible.

        Every fault is a value, in its command's place. Once the log is away, nothing more of the batch is tried.
        """
        batch = Batch(self)
        for message, identity in messages:
            batch.add(message, identity)
        batch.flush()
        return batch.results

    def admitted(self, message: CommandMessage, identity: Identity) -> tuple[Decider[Any, Any, Any], Any]:
        if message.type not in self.deciders:
            raise Refused("unknown_command", f"There is no command {message.type} here.")
        self.permissions.check(identity, message.type, message.territory)
        decider, door = self.deciders[message.type]
        recorded = message.recorded_time or self.clock()
        if message.time > recorded:
            raise Refused("fact_in_the_future", "A fact is recorded after it happened, never before.")
        return decider, door.command(message.data, self.filled_in(message, recorded))

    def filled_in(self, message: CommandMessage, recorded: datetime) -> dict[str, Any]:
        """What a command knows of its sender and its day: never taken from its data."""
        return {
            "on": local_date(message.time),
            "recorded_on": local_date(recorded),
            "by": message.actor.id,
            "organisation": message.actor.organisation,
            "territory": message.territory,
        }

    def decided(self, decider: Decider[Any, Any, Any], command: Any, message: CommandMessage, stream: str, loaded: Loaded[Any]) -> Append:
        events = decider.decide(loaded.state, command)
        append = check_append(Append(stream, loaded.version, decider.bodies(message, stream, events), message.recorded_time))
        loaded.state = reduce(decider.evolve, events, loaded.state)
        return append


class Batch:
    """Commands decided and not yet recorded: at most one of each stream.

    Were there two, a stranger's append between them could make the first conflict and the second, decided on a state that never
    was, fit by accident. So a stream that comes again is recorded first. And what is in memory is forgotten whenever the log did not
    take it.
    """

    def __init__(self, shell: CommandHandler) -> None:
        self.shell = shell
        self.results: list[Answer | Fault] = []
        self.loaded: dict[str, Loaded[Any]] = {}
        self.waiting: dict[str, tuple[int, CommandMessage, Identity, Append]] = {}
        self.away: Unavailable | None = None

    def add(self, message: CommandMessage, identity: Identity) -> None:
        self.results.append(self.tried(self.attempt, message, identity))

    def tried(
        self, decide: Callable[[CommandMessage, Identity], Answer | Fault], message: CommandMessage, identity: Identity
    ) -> Answer | Fault:
        """A command that follows one whose outcome nobody knows is not decided: it may come again with it."""
        if self.away is None:
            try:
                return decide(message, identity)
            except Unavailable as fault:
                self.away = fault
            except Fault as fault:
                return fault
        return self.away

    def attempt(self, message: CommandMessage, identity: Identity) -> Answer | Fault:
        decider, command = self.shell.admitted(message, identity)
        stream = decider.stream(command)
        if stream in self.waiting:
            self.flush()
        if self.away is not None:
            return self.away
        if stream not in self.loaded:
            self.loaded[stream] = Loaded(decider, stream, self.shell.store.read_stream(stream))
        loaded = self.loaded[stream]
        if message.id in loaded.answers:
            return loaded.answers[message.id]
        append = self.shell.decided(decider, command, message, stream, loaded)
        self.waiting[stream] = (len(self.results), message, identity, append)
        return Unavailable("not recorded yet")  # replaced by flush, in the same place

    def flush(self) -> None:
        """Whatever the log says of them together, each command that waits gets its own answer."""
        waiting, self.waiting = self.waiting, {}
        outcomes = self.recorded([append for *_, append in waiting.values()])
        for (index, message, identity, append), outcome in zip(waiting.values(), outcomes, strict=True):
            self.results[index] = self.settled(message, identity, append, outcome)

    def recorded(self, appends: Sequence[Append]) -> Sequence[Appended | Conflict | None]:
        """None is an append of which nothing is known: the log was away, or refused all of them because of one."""
        if appends and self.away is None:
            try:
                return self.shell.store.append_many(appends)
            except Unavailable as fault:
                self.away = fault
            except Exception:
                log.exception("%d commands were not recorded together and are handled alone", len(appends))
        return [None] * len(appends)

    def settled(self, message: CommandMessage, identity: Identity, append: Append, outcome: Appended | Conflict | None) -> Answer | Fault:
        if isinstance(outcome, Appended):
            answer = answered(message, append, outcome)
            self.loaded[append.stream].recorded(answer)
            return answer
        del self.loaded[append.stream]
        return self.tried(self.shell.handle, message, identity)


def answered(message: CommandMessage, append: Append, appended: Appended) -> Answer:
    names = [event.type.rpartition(".")[2] for event in append.events]
    return Answer(command=message.id, stream=append.stream, version=appended.version, position=appended.position, events=names)
