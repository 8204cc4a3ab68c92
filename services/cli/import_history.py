"""Import of past history: commands as NDJSON, each validated, decided and recorded as if it had been sent that day.

An answer to the survey names no ticket in a file: it redeems the oldest one that the file issued in its territory and that no earlier
answer has redeemed. So a file joins no answer to a person either, and no more answers are recorded than tickets.

The policies run here, right after each command, at the time of the event that caused them. So the result does not depend on the speed of
a broker, and the same file always gives the same log. Only the streams and the ids of survey answers are others under
another key (`keys`): they come from the tickets, which the key seals.

Lines are recorded some hundred in a transaction (`EventStore.together`), and told when they are durable. Where other writers wait for its
end, what was read of streams is kept from line to line (`StreamMemory`).

When the log becomes unavailable the import ends there, because no later line may enter before an earlier one. The same file can then be
loaded again: lines that were recorded get their first answers, and the policies of the last one are run again, which changes nothing that
they did before.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from itertools import islice

from msgspec import UNSET, Struct
from msgspec.structs import replace

from services.vocabulary.french import VALIDATION
from services.vocabulary.survey_ticket import SurveyMoment, make_ticket
from shared.command_endpoint import RequestParser, digest_of
from shared.command_handler import CommandHandler
from shared.errors import Fault, Invalid, Refused, Unavailable
from shared.message import CommandMessage, EventMessage, Position, data_of
from shared.policy_runner import PolicyRunner
from shared.store.port import EventStore
from shared.stream_memory import StreamMemory
from shared.trust.access import EVERYWHERE, Identity
from shared.trust.seals import Seals

TASK_OPENED = "reporting.TaskOpened"
PAGE_SIZE = 1_000  # events that policies read at once
LINES_TOGETHER = 256  # in one transaction, where the log has them: others wait for its end
ISSUE, TICKET_ISSUED, ANSWER = "IssueSurveyTicket", "coaching.SurveyTicketIssued", "AnswerSurvey"


class Outcome(Struct, frozen=True):
    """The result of one line: the position of its last event, or the fault that refused it.

    A policy that fails is an outcome of its own, after that of the line (`by_policy`): `command` is then the kind of the event that it
    reacted to, and `position` its position.
    """

    line: int
    command: str
    position: Position | None
    fault: Fault | None = None
    by_policy: bool = False


class RefusedPolicy(Struct):
    """The fields of a task that matter here."""

    kind: str
    cause: Position
    code: str
    details: dict[str, str]


class IssuedTicket(Struct):
    """The fields of the issue of a survey ticket that matter here."""

    moment: SurveyMoment
    territory: str
    on: date


class ImportedTickets:
    """The survey tickets that a file has issued and not redeemed yet, by territory, the oldest first."""

    def __init__(self, seals: Seals) -> None:
        self.seals = seals
        self.unused: defaultdict[str, dict[str, None]] = defaultdict(dict)

    def issued(self, events: Iterable[EventMessage]) -> None:
        for event in events:
            if event.kind == TICKET_ISSUED:
                ticket = data_of(event, IssuedTicket)
                text = make_ticket(str(event.id), ticket.moment, ticket.territory, ticket.on, self.seals.digest)
                self.unused[ticket.territory][self.seals.sealed(text)] = None

    def redeemed(self, message: CommandMessage) -> CommandMessage:
        """The message; an answer to the survey gets its ticket. Without one it is left as it is, and refused."""
        if message.type != ANSWER or "token" in message.data or not (unused := self.unused[message.territory]):
            return message
        ticket = next(iter(unused))
        del unused[ticket]
        return replace(message, data={**message.data, "token": ticket})


class HistoryImporter:
    """`handlers` are the command handlers by service, `runners` the policies, run at the time of the events. `seals` makes tickets.

    `memory` is the handlers' while nobody else appends.
    """

    def __init__(
        self,
        store: EventStore,
        handlers: Mapping[str, CommandHandler],
        runners: Sequence[PolicyRunner],
        seals: Seals,
        memory: StreamMemory,
    ) -> None:
        self.store = store
        self.handlers = {command: handler for handler in handlers.values() for command in handler.command_types}
        self.runners = runners
        self.caused = frozenset[str]().union(*(runner.kinds for runner in runners))  # kinds of events that something may follow from
        self.memory = memory
        self.alone = False
        self.requests = RequestParser(VALIDATION)
        self.head = store.head()  # before the import
        self.position = before_last_command(store, self.head)  # up to which the policies have run
        self.remembered = self.head  # as far as the memory is true
        self.behind = self.position < self.head  # whether there may be events after `position` that policies have not read
        self.tickets = ImportedTickets(seals)

    def load(self, lines: Iterable[str | bytes]) -> Iterator[Outcome]:
        """Handle every line that is not blank. A refused line is reported and the rest goes on; nothing does when the log is away.

        The outcomes of LINES_TOGETHER lines are told when they are durable. If that fails, what was recorded of them is unknown.
        """
        numbered = ((number, line) for number, line in enumerate(lines, 1) if line.strip())
        while together := [*islice(numbered, LINES_TOGETHER)]:
            outcomes: list[Outcome] = []
            try:
                with self.store.together() as alone, self.remembering(alone):
                    outcomes += self.handled(together)
            except Unavailable as fault:
                self.memory.clear()
                yield Outcome(together[0][0], "?", None, fault)
                return
            yield from outcomes
            if isinstance(outcomes[-1].fault, Unavailable):
                return

    @contextmanager
    def remembering(self, alone: bool) -> Iterator[None]:
        """Keep what is read of streams, while nobody else appends, and what was kept before if nobody did since."""
        self.alone = alone
        if not alone:
            yield
            return
        if self.store.head() != self.remembered:
            self.memory.clear()
            self.behind = True
        for handler in self.handlers.values():
            handler.memory = self.memory
        try:
            yield
            self.remembered = self.store.head()
        finally:
            for handler in self.handlers.values():
                handler.memory = None

    def handled(self, numbered: Iterable[tuple[int, str | bytes]]) -> Iterator[Outcome]:
        """The outcomes of these lines, up to the one where the log is away."""
        for number, line in numbered:
            for outcome in self.outcomes(number, line):
                yield outcome
                if isinstance(outcome.fault, Unavailable):
                    return

    def outcomes(self, number: int, line: str | bytes) -> Iterator[Outcome]:
        """Those of a line, after what is left of the last command in the log: an import that ended early may not have run its policies."""
        if self.behind:
            yield from self.run_policies(number)
        outcome, follows = self.handle(number, line)
        yield outcome
        if follows or not self.alone:
            yield from self.run_policies(number)
        elif outcome.position is not None:
            self.position = max(self.position, outcome.position)

    def handle(self, number: int, line: str | bytes) -> tuple[Outcome, bool]:
        """The outcome of a line, and whether anything may follow from it."""
        command = "?"
        try:
            message = self.message(line)
            command = message.type
            handler = self.handler(command)
            answer = handler.handle(self.tickets.redeemed(message), Identity(message.actor, (EVERYWHERE,)))
        except Fault as fault:
            return Outcome(number, command, None, fault), False
        if command == ISSUE:
            self.tickets.issued(self.store.read_at([answer.position]))
        service = handler.command_types[command].decider.service
        return Outcome(number, command, answer.position), any(f"{service}.{name}" in self.caused for name in answer.events)

    def message(self, line: str | bytes) -> CommandMessage:
        request = self.requests.parse(line)
        if request.time is None or request.actor is None:
            raise Invalid({"_": ["Une histoire chargée dit qui (actor) et quand (time)."]})
        return CommandMessage(
            id=request.id,
            type=request.type,
            actor=request.actor,
            territory=request.territory,
            time=request.time,
            data=request.data,
            recorded_time=request.recorded_time or request.time,
            digest=digest_of(request),
        )

    def handler(self, command: str) -> CommandHandler:
        if command not in self.handlers:
            raise Refused("unknown_command", command=command)
        return self.handlers[command]

    def run_policies(self, number: int) -> list[Outcome]:
        """Run the policies on what was recorded since the last line, until nothing more follows; returns those that failed."""
        failed: list[Outcome] = []
        try:
            while page := self.store.read_all(self.position, PAGE_SIZE):
                for event in page:
                    failed += self.failures(number, event)
                    if event.kind == TASK_OPENED and event.position > self.head:
                        failed.append(refused_policy(number, event))
                    self.position = event.position
                if len(page) < PAGE_SIZE and self.alone and not any(event.kind in self.caused for event in page):
                    break
            self.behind = False
        except Unavailable as fault:
            failed.append(Outcome(number, "?", self.position, fault, by_policy=True))
        return failed

    def failures(self, number: int, event: EventMessage) -> list[Outcome]:
        failed: list[Outcome] = []
        for runner in self.runners:
            try:
                runner.react(event)
            except Unavailable:
                raise
            except Fault as fault:
                failed.append(Outcome(number, event.kind, event.position, fault, by_policy=True))
        return failed


def before_last_command(store: EventStore, head: Position) -> Position:
    """The position before the events of the last command that no policy gave, and of all that followed from it."""
    position, last = head, None
    while events := store.read_at([position]):
        event = events[0]
        if last is not None and event.commandid != last:
            break
        if event.causationid is UNSET:
            last = event.commandid
        if event.previous is UNSET:  # this log is read in order only: nothing is known of what came before
            return head
        position = event.previous
    return position


def refused_policy(number: int, event: EventMessage) -> Outcome:
    """What the rules refused to a policy: it is a task in the log, and whoever loads is told."""
    task = data_of(event, RefusedPolicy)
    return Outcome(number, task.kind, task.cause, Refused(task.code, **task.details), by_policy=True)
