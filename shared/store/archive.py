"""What a backup takes from the database of a log, and what a restore puts there: the same for SQLite and PostgreSQL.

How it works
------------
A `Snapshot` reads the log and the tables beside it as of one commit, while others read and write, a part at a time: it needs no memory
for the whole. A `Loading` is one transaction that fills an empty log: all of it, or nothing. The lines of the log are the stored
messages, byte for byte. The other columns of the table follow from them (`Line`), so a line can be put into either database.

`resume` appends the first event of the log's further history at a position that the caller chooses: the positions between the last event
and that one stay empty for ever. It is the only way in which a log gets a gap (ADR 59).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

import msgspec
from msgspec import UNSET, Struct, UnsetType

from shared.message import Position
from shared.store.port import NewEvent

Value = str | int | None
Row = tuple[Value, ...]

BESIDE_LOG: Mapping[str, tuple[str, ...]] = {
    "checkpoints": ("name", "position"),
    "webhooks": ("webhook", "actor", "role", "organisation", "created", "deleted", "run", "position"),
    "webhook_deliveries": (
        *("webhook", "run", "message", "position", "type", "status", "attempts", "resumptions", "answer", "fault"),
        *("first_at", "last_at", "next_at"),
    ),
    "coverage": ("name", "applied"),
    "tree_heads": ("size", "position", "note", "subtrees", "leaves"),
}
"""The tables beside the log that cannot be made again, with their columns; the first ones order the rows."""

GATEWAY_RECORDS: Mapping[str, tuple[str, ...]] = {
    "ended_sessions": ("id", "expires_at"),
    "command_keys": ("key", "asked", "uses", "expires_at"),
}
"""Those of the records of gateways, which may be in another database."""

COLUMNS: Mapping[str, tuple[str, ...]] = {**BESIDE_LOG, **GATEWAY_RECORDS}
BOOLEANS = frozenset({"deleted"})  # columns that are 0 or 1 in a backup and in SQLite


class Line(Struct, frozen=True, gc=False):
    """What the columns of the log hold of a message."""

    position: Position
    streamversion: int
    recordedtime: str
    type: str
    subject: str
    id: str
    previous: Position | UnsetType = UNSET


class Resumption(NamedTuple):
    """An event that is appended at a position of the caller's choice. The log gives it its version and time, as it does at any append."""

    stream: str
    event: NewEvent
    position: Position
    recorded: str


class Snapshot(Protocol):
    """A log as of one commit. Every method raises Unavailable when the database cannot be read."""

    def messages(self) -> Iterator[bytes]:
        """The stored messages, in the order of the log."""

    def rows(self, table: str) -> Iterator[Row]:
        """The rows of one of `COLUMNS`, in order; none if there is no such table."""


class Loading(Protocol):
    """One transaction in which nobody else writes."""

    def occupied(self) -> list[str]:
        """The tables that hold something."""

    def load_messages(self, messages: Iterable[bytes]) -> None:
        """Put messages into the empty log, as they are."""

    def load_rows(self, table: str, rows: Iterable[Row]) -> None:
        """Add rows. One whose key is there already stays as it is."""

    def last(self) -> Line | None:
        """The last event of the log."""

    def stream(self, name: str) -> list[bytes]:
        """The messages of a stream, in order."""

    def resume(self, resumption: Resumption) -> None:
        """Append an event after a gap."""


OpenSnapshot = Callable[[], AbstractContextManager[Snapshot]]
decode_line = msgspec.json.Decoder(Line).decode


def select_rows(table: str, schema: str = "") -> str:
    """The query of a table's rows, in the order of their first columns."""
    columns = ", ".join(COLUMNS[table])
    return f"select {columns} from {schema}{table} order by 1, 2"  # noqa: S608 - the names are ours
