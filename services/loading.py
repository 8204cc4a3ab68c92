"""Past history comes in through the door: commands as NDJSON, each admitted, decided and recorded as if asked that day.

The policies run here, right after each command, at the time of what caused them. So the outcome does not depend on how fast a
broker is, and the same file always gives the same log.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from shared.decider import Shell
from shared.desk import read
from shared.errors import Fault, Invalid, Refused
from shared.message import CommandMessage, Position
from shared.policy import Reactor
from shared.store.port import EventStore
from shared.trust.identity import EVERYWHERE, Identity


class Outcome(Struct, frozen=True):
    """What became of one line: the position of its last event, or the fault that refused it."""

    line: int
    command: str
    position: Position | None
    fault: Fault | None = None


class Loader:
    def __init__(self, store: EventStore, shells: Mapping[str, Shell], reactors: Sequence[Reactor]) -> None:
        self.store = store
        self.shells = {command: shell for shell in shells.values() for command in shell.deciders}
        self.reactors = reactors
        self.seen = store.head()

    def load(self, lines: Iterable[str | bytes]) -> Iterator[Outcome]:
        """Handle every line that is not blank; a refused one is reported and the rest goes on."""
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield self.handled(number, line)

    def handled(self, number: int, line: str | bytes) -> Outcome:
        name = "?"
        try:
            message = self.message(line)
            name = message.type
            answer = self.shell(name).handle(message, Identity(message.actor, (EVERYWHERE,)))
            self.react()
            return Outcome(number, name, answer.position)
        except Fault as fault:
            return Outcome(number, name, None, fault)

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

    def shell(self, command: str) -> Shell:
        if command not in self.shells:
            raise Refused("unknown_command", f"There is no command {command}.")
        return self.shells[command]

    def react(self) -> None:
        """Run the policies on what was recorded since the last time, until nothing more follows."""
        while page := self.store.read_all(self.seen):
            for event in page:
                for reactor in self.reactors:
                    reactor.react(event)
            self.seen = page[-1].position
