"""Past history comes in through the door: commands as NDJSON, each admitted, decided and recorded as if asked that day.

The policies run here, right after each command, at the time of what caused them. So the outcome does not depend on how fast a
broker is, and the same file always gives the same log.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from shared.command_endpoint import read
from shared.decider import CommandHandler
from shared.errors import Fault, Invalid, Refused, Unavailable
from shared.message import CommandMessage, EventMessage, Position
from shared.policy import PolicyRunner
from shared.store.port import EventStore
from shared.trust.identity import EVERYWHERE, Identity


class Outcome(Struct, frozen=True):
    """What became of one line: the position of its last event, or the fault that refused it.

    A policy that cannot do what follows from a line is an outcome of its own, behind the line's: `command` is then the kind of the
    event that asked, `position` its position.
    """

    line: int
    command: str
    position: Position | None
    fault: Fault | None = None
    by_policy: bool = False


class HistoryImporter:
    def __init__(self, store: EventStore, shells: Mapping[str, CommandHandler], reactors: Sequence[PolicyRunner]) -> None:
        self.store = store
        self.shells = {command: shell for shell in shells.values() for command in shell.deciders}
        self.reactors = reactors
        self.seen = store.head()

    def load(self, lines: Iterable[str | bytes]) -> Iterator[Outcome]:
        """Handle every line that is not blank; a refused one is reported and the rest goes on."""
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield from [self.handled(number, line), *self.react(number)]

    def handled(self, number: int, line: str | bytes) -> Outcome:
        name = "?"
        try:
            message = self.message(line)
            name = message.type
            answer = self.shell(name).handle(message, Identity(message.actor, (EVERYWHERE,)))
        except Fault as fault:
            return Outcome(number, name, None, fault)
        return Outcome(number, name, answer.position)

    def message(self, line: str | bytes) -> CommandMessage:
        asked = read(line)
        if asked.time is None or asked.actor is None:
            raise Invalid({"_": ["Une histoire chargée dit qui (actor) et quand (time)."]})
        return CommandMessage(
            id=asked.id,
            type=asked.type,
            actor=asked.actor,
            territory=asked.territory,
            time=asked.time,
            data=asked.data,
            recorded_time=asked.recorded_time or asked.time,
        )

    def shell(self, command: str) -> CommandHandler:
        if command not in self.shells:
            raise Refused("unknown_command", f"There is no command {command}.")
        return self.shells[command]

    def react(self, number: int) -> list[Outcome]:
        """Run the policies on what was recorded since the last time, until nothing more follows; what they cannot do is told.

        A log that is away says nothing of a policy: its event is handled after the next line.
        """
        failed: list[Outcome] = []
        try:
            while page := self.store.read_all(self.seen):
                for event in page:
                    failed += self.refusals(number, event)
                    self.seen = event.position
        except Unavailable as fault:
            failed.append(Outcome(number, "?", self.seen, fault, by_policy=True))
        return failed

    def refusals(self, number: int, event: EventMessage) -> list[Outcome]:
        failed: list[Outcome] = []
        for reactor in self.reactors:
            try:
                reactor.react(event)
            except Unavailable:
                raise
            except Fault as fault:
                failed.append(Outcome(number, event.kind, event.position, fault, by_policy=True))
        return failed
