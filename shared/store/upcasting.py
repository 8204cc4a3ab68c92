"""Old events in their current shape: every reader sees one shape of a fact, however long ago it was written."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Raw

from shared.errors import Conflict
from shared.message import EventMessage, Position, dataschema, encode
from shared.store.port import NO_STREAM, Append, Appended, EventStore

Upcast = Callable[[dict[str, Any]], dict[str, Any]]


class UpcastingStore:
    """A store read through upcasts: for each event kind, the functions from version 1 to 2, 2 to 3… What is written stays as it is."""

    def __init__(self, store: EventStore, upcasts: Mapping[str, Sequence[Upcast]]) -> None:
        self.store = store
        self.old = {
            dataschema(kind, version): (tuple(steps[version - 1 :]), dataschema(kind, len(steps) + 1))
            for kind, steps in upcasts.items()
            for version in range(1, len(steps) + 1)
        }

    def current(self, events: list[EventMessage]) -> list[EventMessage]:
        return [self.upcast(event) if event.dataschema in self.old else event for event in events]

    def upcast(self, event: EventMessage) -> EventMessage:
        steps, schema = self.old[event.dataschema]
        data = msgspec.json.decode(event.data)
        for step in steps:
            data = step(data)
        return msgspec.structs.replace(event, data=Raw(encode(data)), dataschema=schema)

    def read_stream(self, stream: str, after: int = NO_STREAM) -> list[EventMessage]:
        return self.current(self.store.read_stream(stream, after))

    def read_all(self, after: Position, limit: int = 1_000) -> list[EventMessage]:
        return self.current(self.store.read_all(after, limit))

    def append(self, append: Append) -> Appended:
        return self.store.append(append)

    def append_many(self, appends: Sequence[Append]) -> list[Appended | Conflict]:
        return self.store.append_many(appends)

    def head(self) -> Position:
        return self.store.head()

    def position_at(self, moment: datetime) -> Position:
        return self.store.position_at(moment)

    def wait(self, after: Position, timeout: float) -> bool:
        return self.store.wait(after, timeout)

    def close(self) -> None:
        self.store.close()
