"""Many commands in few commits: decided in order, each on the state that the ones before it leave, and recorded together.

How it works
------------
A batch keeps the streams that it has loaded and the appends that wait to be recorded, at most one append per stream. Were two appends of
one stream to wait, another writer's append between them could make the first one conflict while the second, decided on a state that
never existed, fits by accident. So when a command names a stream that already has a waiting append, the batch is flushed first.

A flush hands all waiting appends to the log in one call. Each command then gets its own answer: if its append conflicts, or the log
refused the call because of one of its appends, the loaded stream is dropped and the command is handled alone by the command handler.

Once the log is unavailable, the outcome of the flush is unknown and later commands are not tried: they get the same Unavailable and may
be sent again with it.
"""

import logging
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from shared.command_handler import CommandHandler, LoadedStream, Received, answer_to
from shared.command_type import Answer, Decision
from shared.errors import Conflict, Fault, KeysUnavailable, Unavailable
from shared.message import CommandMessage, EventMessage
from shared.store.append_checks import check_append
from shared.store.port import Append, Appended
from shared.trust.access import Identity
from shared.trust.personal.marked_fields import personal_fields
from shared.trust.personal.marks import PERSON

log = logging.getLogger(__name__)

Result = Answer | Fault


class Waiting(NamedTuple):
    """A command that is decided and not yet recorded. `number` is its index among the results."""

    number: int
    message: CommandMessage
    identity: Identity
    decision: Decision


def handle_many(handler: CommandHandler, commands: Iterable[tuple[CommandMessage, Identity]]) -> list[Result]:
    """Handle commands in order, in as few commits as possible: an answer or a fault for each, in the same order."""
    batch = CommandBatch(handler)
    received = [(message, identity, received_or_fault(handler, message, identity)) for message, identity in commands]
    valid = [each for *_, each in received if isinstance(each, Received)]
    batch.make_keys(valid)
    batch.read_ahead(valid)
    for each in received:
        batch.add(*each)
    batch.flush()
    return batch.results


def received_or_fault(handler: CommandHandler, message: CommandMessage, identity: Identity) -> Received | Fault:
    try:
        return handler.receive(message, identity)
    except Fault as fault:
        return fault


class CommandBatch:
    def __init__(self, handler: CommandHandler) -> None:
        self.handler = handler
        self.results: list[Result] = []
        self.streams: dict[str, LoadedStream] = {}
        self.histories: dict[str, list[EventMessage]] = {}  # read ahead, of streams in which this batch has recorded nothing
        self.waiting: dict[str, Waiting] = {}
        self.unavailable: Unavailable | None = None

    def make_keys(self, received: Sequence[Received]) -> None:
        """Make at once the keys of those persons who have none yet, of whom these commands may record something personal."""
        if self.handler.protection:
            personal = (each.command for each in received if personal_fields(type(each.command)))
            try:
                self.handler.protection.prepare({person for command in personal if (person := getattr(command, PERSON, None))})
            except KeysUnavailable as fault:
                log.info("the keys of a batch are made one by one: %s", fault)

    def read_ahead(self, received: Sequence[Received]) -> None:
        """Read at once what the commands will be decided on, as far as it is known before."""
        try:
            self.histories = self.handler.store.read_streams(
                {stream: None for each in received for stream in self.handler.streams_of(each)}
            )
        except Unavailable as fault:
            log.info("the streams of a batch are read one by one: %s", fault)

    def add(self, message: CommandMessage, identity: Identity, received: Received | Fault) -> None:
        """Decide one command. Its result is final after the next flush."""
        self.results.append(self.unavailable or Unavailable("not recorded yet"))
        if self.unavailable is None:
            try:
                if isinstance(received, Fault):
                    raise received
                self.results[-1] = self.decide(len(self.results) - 1, received, message, identity)
            except KeysUnavailable as fault:  # of the keys of persons: what states nothing personal goes on
                self.results[-1] = fault
            except Unavailable as fault:
                self.unavailable = self.results[-1] = fault
            except Fault as fault:
                self.results[-1] = fault

    def decide(self, index: int, received: Received, message: CommandMessage, identity: Identity) -> Result:
        stream, received = received.stream, self.handler.with_key(received)
        if stream in self.waiting:
            self.flush()
        if self.unavailable is not None:
            return self.unavailable
        if stream not in self.streams:
            self.streams[stream] = LoadedStream(received.type, stream, self.read_stream(stream))
        loaded = self.streams[stream]
        answer = loaded.earlier_answer(received, self.handler.store.read_stream)
        if answer is not None:
            return answer
        decision = self.handler.decide(received, stream, loaded, self.read_stream)
        checked = check_append(decision.append)  # before it waits with others: what no log accepts is the fault of this command alone
        decision = Decision(checked, decision.state)
        self.waiting[stream] = Waiting(index, message, identity, decision)
        return self.results[index]

    def read_stream(self, stream: str) -> Sequence[EventMessage]:
        """Another stream that a decision rests on, with what this batch has decided in it."""
        if stream in self.waiting:
            self.flush()
        if self.unavailable is not None:
            raise self.unavailable
        read = self.histories.get(stream)
        return self.handler.store.read_stream(stream) if read is None else read

    def flush(self) -> None:
        """Record what waits and give each command its result."""
        waiting, self.waiting = self.waiting, {}
        for stream in waiting:
            self.histories.pop(stream, None)
        outcomes = self.append_together([each.decision.append for each in waiting.values()])
        for each, outcome in zip(waiting.values(), outcomes, strict=True):
            self.results[each.number] = self.settle(each, outcome)

    def append_together(self, appends: Sequence[Append]) -> Sequence[Appended | Conflict | None]:
        """None is an unknown outcome: the log is unavailable, or refused the whole call because of one append."""
        if appends and self.unavailable is None:
            try:
                return self.handler.store.append_many(appends)
            except Unavailable as fault:
                self.unavailable = fault
            except Exception:
                log.exception("%d commands could not be recorded together; each is handled alone", len(appends))
        return [None] * len(appends)

    def settle(self, waiting: Waiting, outcome: Appended | Conflict | None) -> Result:
        append = waiting.decision.append
        if isinstance(outcome, Appended):
            answer = answer_to(waiting.message, append, outcome)
            self.streams[append.stream].advance(waiting.decision.state, answer)
            return answer
        del self.streams[append.stream]
        if self.unavailable is not None:
            return self.unavailable
        try:
            return self.handler.handle(waiting.message, waiting.identity)
        except KeysUnavailable as fault:
            return fault
        except Unavailable as fault:
            self.unavailable = fault
            return fault
        except Fault as fault:
            return fault
