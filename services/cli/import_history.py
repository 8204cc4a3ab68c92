"""Import of past history: commands as NDJSON, each validated, decided and recorded as if it had been sent that day.

The policies run here, right after each command, at the time of the event that caused them. So the result does not depend on the speed of
a broker, and the same file always gives the same log.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from services.vocabulary.french import VALIDATION
from shared.command_endpoint import RequestParser, digest_of
from shared.command_handler import CommandHandler
from shared.errors import Fault, Invalid, Refused, Unavailable
from shared.message import CommandMessage, EventMessage, Position, data_of
from shared.policy_runner import PolicyRunner
from shared.store.port import EventStore
from shared.trust.access import EVERYWHERE, Identity

TASK_OPENED = "reporting.TaskOpened"


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


class HistoryImporter:
    """`handlers` are the command handlers by service, `runners` the policies, run at the time of the events."""

    def __init__(self, store: EventStore, handlers: Mapping[str, CommandHandler], runners: Sequence[PolicyRunner]) -> None:
        self.store = store
        self.handlers = {command: handler for handler in handlers.values() for command in handler.command_types}
        self.runners = runners
        self.requests = RequestParser(VALIDATION)
        self.position = store.head()

    def load(self, lines: Iterable[str | bytes]) -> Iterator[Outcome]:
        """Handle every line that is not blank. A refused line is reported and the rest goes on."""
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield from [self.handle(number, line), *self.run_policies(number)]

    def handle(self, number: int, line: str | bytes) -> Outcome:
        command = "?"
        try:
            message = self.message(line)
            command = message.type
            answer = self.handler(command).handle(message, Identity(message.actor, (EVERYWHERE,)))
        except Fault as fault:
            return Outcome(number, command, None, fault)
        return Outcome(number, command, answer.position)

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
        """Run the policies on what was recorded since the last line, until nothing more follows; returns those that failed.

        When the log is unavailable, the policies of this line run after the next one.
        """
        failed: list[Outcome] = []
        try:
            while page := self.store.read_all(self.position):
                for event in page:
                    failed += self.failures(number, event)
                    if event.kind == TASK_OPENED:
                        failed.append(refused_policy(number, event))
                    self.position = event.position
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


def refused_policy(number: int, event: EventMessage) -> Outcome:
    """What the rules refused to a policy: it is a task in the log, and whoever loads is told."""
    task = data_of(event, RefusedPolicy)
    return Outcome(number, task.kind, task.cause, Refused(task.code, **task.details), by_policy=True)
