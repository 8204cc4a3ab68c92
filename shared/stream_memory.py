"""What was read of streams, kept from one command to the next: for whoever appends alone, as an import does.

How it works
------------
Without it, every command reads and folds its stream again, and the streams of the person whom it is about. What is kept here stays true
as long as nobody else appends: the one who appends tells what was recorded (`recorded`), and forgets everything (`clear`) when somebody
else may have appended. Of a stream its state is kept, and of a person the fold of what tells where they stand; of the events, what was
read once.
"""

from typing import Any

from shared.command_handler import LoadedStream
from shared.command_type import Answer, CommandType
from shared.message import PREFIX
from shared.placement import Known, Persons
from shared.store.port import Append, EventStore

MAX_STREAMS = 20_000


class StreamMemory:
    def __init__(self, store: EventStore, persons: Persons) -> None:
        self.store = store
        self.telling = {f"{PREFIX}{kind}" for kind in persons.kinds}
        self.clear()

    def clear(self) -> None:
        self.loaded: dict[str, LoadedStream] = {}
        self.persons = Known(self.store.read_stream)

    def load(self, command_type: CommandType, stream: str) -> LoadedStream:
        """A stream of this type of command."""
        if stream not in self.loaded:
            if len(self.loaded) == MAX_STREAMS:
                self.clear()
            self.loaded[stream] = LoadedStream(command_type, stream, self.store.read_stream(stream))
        return self.loaded[stream]

    def recorded(self, append: Append, state: Any, answer: Answer) -> None:
        """Note what was appended, and the state that it led to."""
        self.loaded[append.stream].advance(state, answer)
        if not self.telling.isdisjoint(event.type for event in append.events):
            self.persons.changed.add(append.stream)
