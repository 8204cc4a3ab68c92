"""The log as it is stored: whole lines, byte for byte, for those who prove that nothing was changed.

A line is the event as every reader gets it: the log's own fields (`previous`, `position`, `streamversion`, `recordedtime`) before the bytes
of its writer. SQLite and PostgreSQL keep that line. KurrentDB keeps the bytes of the writer, and the line is made of them and of what it
knows besides, in one way only (`shared.message.line`). So an event has the same line wherever it is read, in a backup and in a bundle.

The other columns of a SQL table follow from the line. Whoever changes one of them changes what is read, and not the line: so they are told
beside it, as the database holds them.
"""

from typing import NamedTuple, Protocol

from shared.message import Position
from shared.store.port import EventStore


class StoredEvent(NamedTuple):
    """`recorded` is a time in UTC, with microseconds."""

    position: Position
    stream: str
    version: int
    type: str
    recorded: str
    line: bytes


class StoredEvents(Protocol):
    def read_stored(self, after: Position, limit: int) -> list[StoredEvent]:
        """At most `limit` events after a position, in order, as they are stored.

        Raises:
            UnknownPosition: as for `EventStore.read_all`.
            Unavailable: the log cannot be reached.
        """


class Log(EventStore, StoredEvents, Protocol):
    """What an adapter offers: the log as readers get it, and as it is stored."""
