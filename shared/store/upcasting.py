"""Old shapes are never seen by readers: each event read from a log is given its current shape on the way.

The bytes in the log stay what was written. An upcast is a pure function from the data of one schema version to that of the next.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Raw

from shared.errors import Conflict
from shared.message import EventMessage, Position, dataschema, encode
from shared.store.port import NO_STREAM, Append, Appended, EventStore, R

Upcast = Callable[[dict[str, Any]], dict[str, Any]]
UpcastPath = tuple[str, tuple[Upcast, ...]]  # the current schema, and the steps that lead there


class UpcastingStore:
    """Any log, read in current shapes. `upcasts` gives for an event kind the steps from version 1 to 2, 2 to 3…"""

    def __init__(self, store: EventStore, upcasts: Mapping[str, Sequence[Upcast]]) -> None:
        self.store = store
        self.old: dict[str, UpcastPath] = {
            dataschema(kind, version): (dataschema(kind, len(steps) + 1), tuple(steps[version - 1 :]))
            for kind, steps in upcasts.items()
            for version in range(1, len(steps) + 1)
        }

    def append(self, append: Append) -> Appended:
        return self.store.append(append)

    def append_many(self, appends: Sequence[Append]) -> list[Appended | Conflict]:
        return self.store.append_many(appends)

    def read_stream(self, stream: str, after: int = NO_STREAM) -> list[EventMessage]:
        return self.current(self.store.read_stream(stream, after))

    def read_all(self, after: Position, limit: int = 1_000) -> list[EventMessage]:
        return self.current(self.store.read_all(after, limit))

    def read_as(self, shape: type[R], after: Position, limit: int = 1_000) -> list[R]:
        return self.current(self.store.read_as(shape, after, limit))

    def read_at(self, positions: Sequence[Position]) -> list[EventMessage]:
        return self.current(self.store.read_at(positions))

    def head(self) -> Position:
        return self.store.head()

    def position_at(self, moment: datetime) -> Position:
        return self.store.position_at(moment)

    def wait(self, after: Position, timeout: float) -> bool:
        return self.store.wait(after, timeout)

    def close(self) -> None:
        self.store.close()

    def current(self, events: list[R]) -> list[R]:
        """One look-up for each event; one that has its current shape is handed on as it is."""
        old = self.old
        return [upcast(event, old[event.dataschema]) if event.dataschema in old else event for event in events]


def upcast(event: R, way: UpcastPath) -> R:
    schema, steps = way
    data: dict[str, Any] = msgspec.json.decode(event.data)
    for step in steps:
        data = step(data)
    return msgspec.structs.replace(event, dataschema=schema, data=Raw(encode(data)))
