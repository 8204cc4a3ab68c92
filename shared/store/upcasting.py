"""Upcasting: each event read from a log is converted to the current schema version of its type, so readers know only that one.

The stored bytes are never changed. An upcast is a pure function from the data of one schema version to the data of the next.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Raw

from shared.errors import Conflict
from shared.message import EventMessage, Position, dataschema, encode
from shared.store.port import NO_STREAM, Append, Appended, EventStore, R

Upcast = Callable[[dict[str, Any]], dict[str, Any]]
UpcastPath = tuple[str, tuple[Upcast, ...]]  # the current schema, and the upcasts that lead to it, in order


class UpcastingStore:
    """An event store that wraps another one and upcasts what is read from it.

    `upcasts` maps an event kind to its upcasts: from version 1 to 2, from 2 to 3, and so on.
    """

    def __init__(self, store: EventStore, upcasts: Mapping[str, Sequence[Upcast]]) -> None:
        self.store = store
        self.paths: dict[str, UpcastPath] = {  # by the outdated schema
            dataschema(kind, version): (dataschema(kind, len(path) + 1), tuple(path[version - 1 :]))
            for kind, path in upcasts.items()
            for version in range(1, len(path) + 1)
        }

    def append(self, append: Append) -> Appended:
        return self.store.append(append)

    def append_many(self, appends: Sequence[Append]) -> list[Appended | Conflict]:
        return self.store.append_many(appends)

    def together(self) -> AbstractContextManager[bool]:
        return self.store.together()

    def read_stream(self, stream: str, after: int = NO_STREAM) -> list[EventMessage]:
        return self.upcast_all(self.store.read_stream(stream, after))

    def read_streams(self, streams: Collection[str]) -> dict[str, list[EventMessage]]:
        return {stream: self.upcast_all(events) for stream, events in self.store.read_streams(streams).items()}

    def read_all(self, after: Position, limit: int = 1_000) -> list[EventMessage]:
        return self.upcast_all(self.store.read_all(after, limit))

    def read_as(self, shape: type[R], after: Position, limit: int = 1_000) -> list[R]:
        return self.upcast_all(self.store.read_as(shape, after, limit))

    def read_at(self, positions: Sequence[Position]) -> list[EventMessage]:
        return self.upcast_all(self.store.read_at(positions))

    def head(self) -> Position:
        return self.store.head()

    def position_at(self, moment: datetime) -> Position:
        return self.store.position_at(moment)

    def wait(self, after: Position, timeout: float) -> bool:
        return self.store.wait(after, timeout)

    def close(self) -> None:
        self.store.close()

    def upcast_all(self, events: list[R]) -> list[R]:
        """Upcast the events that need it; the others are returned as they are, for the price of one look-up each."""
        paths = self.paths
        return [upcast(event, paths[event.dataschema]) if event.dataschema in paths else event for event in events]


def upcast(event: R, path: UpcastPath) -> R:
    """Return the event with its data and its schema converted to the current version."""
    schema, upcasts = path
    data: dict[str, Any] = msgspec.json.decode(event.data)
    for convert in upcasts:
        data = convert(data)
    return msgspec.structs.replace(event, dataschema=schema, data=Raw(encode(data)))
