"""The event log, as every adapter offers it. The contract suite in `tests/contract` says what each word below means."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from msgspec import Struct

from shared.errors import Conflict
from shared.message import EventMessage, Position, Recorded

NO_STREAM = 0  # the version of a stream that nobody has written to
LAST_POSITION: Position = 2**63 - 1  # no log has a position over it
BODY_LIMIT = 256 * 1024  # bytes of one encoded event; over it `append` raises TooLarge
NAME_LIMIT = 1_000  # bytes of a stream's name, or of a type's: an index of PostgreSQL takes no more than 2,700; over it TooLarge too


R = TypeVar("R", bound=Recorded)


class NewEvent(Struct, frozen=True):
    id: UUID
    type: str
    body: bytes


class Append(Struct, frozen=True):
    """Events for the end of one stream, all or none. `recorded_at` is given only when past history is loaded."""

    stream: str
    expected: int
    events: Sequence[NewEvent]
    recorded_at: datetime | None = None


class Appended(Struct, frozen=True):
    """Where the last of the events now is: its position in the log and its version in the stream."""

    position: Position
    version: int


def only(outcomes: Sequence[Appended | Conflict]) -> Appended:
    """The answer to a single append, whose conflict is raised."""
    (outcome,) = outcomes
    if isinstance(outcome, Conflict):
        raise outcome
    return outcome


class EventStore(Protocol):
    def append(self, append: Append) -> Appended:
        """Add events at `expected`, or raise Conflict. The same events appended again give the first answer.

        Raises Conflict, TooLarge, Unrecordable, Unavailable (the outcome is unknown: append the same again).
        """

    def append_many(self, appends: Sequence[Append]) -> list[Appended | Conflict]:
        """Each append on its own terms, in this order, in as few commits as possible; a conflict is a value here."""

    def read_stream(self, stream: str, after: int = NO_STREAM) -> list[EventMessage]:
        """The events of one stream whose version is over `after`, in order."""

    def read_all(self, after: Position, limit: int = 1_000) -> list[EventMessage]:
        """The next page of the whole log in commit order, each with its `previous`. Never skips, never repeats.

        Nothing is behind a position over the head, and no page has less than nothing. Raises UnknownPosition where a log cannot
        go on from a position that none of its events has (KurrentDB); SQL goes on with the event behind it.
        """

    def read_as(self, shape: type[R], after: Position, limit: int = 1_000) -> list[R]:
        """`read_all` for who needs less of each event, or more of it named: decoded into a struct of the reader's own."""

    def read_at(self, positions: Sequence[Position]) -> list[EventMessage]:
        """The events at these positions, in the order of the log; a position where nothing is gives nothing."""

    def head(self) -> Position:
        """The position of the last event; START when there is none."""

    def position_at(self, moment: datetime) -> Position:
        """The last position recorded at or before `moment`; START when there is none."""

    def wait(self, after: Position, timeout: float) -> bool:
        """Block until there may be an event behind `after`; False when `timeout` seconds passed first."""

    def close(self) -> None: ...


class Held(Protocol):
    """True as long as a lease is held. To ask costs nothing: ask before each piece of work, for a server may take a lease back."""

    def __bool__(self) -> bool: ...


class Checkpoints(Protocol):
    """Positions kept under a name, and a lease that one holder has at a time."""

    def load(self, name: str) -> Position: ...

    def save(self, name: str, position: Position) -> None:
        """Durable when it returns. Never moves backwards."""

    def lease(self, name: str, timeout: float) -> AbstractContextManager[Held]:
        """True inside the block as long as this process holds `name`. Given back at the end, when the process dies, or when the server
        that keeps it hangs up: then another may have it, and who finds its lease lost leaves the block."""


def pages(store: EventStore, after: Position, until: Position, size: int = 4_096) -> Iterator[list[EventMessage]]:
    """The log behind `after`, up to and including `until`, page by page."""
    return pages_as(EventMessage, store, after, until, size)


def pages_as(shape: type[R], store: EventStore, after: Position, until: Position, size: int) -> Iterator[list[R]]:
    while after < until:
        page = store.read_as(shape, after, size)
        if page and page[-1].position > until:
            page = [event for event in page if event.position <= until]
        if not page:
            return
        yield page
        after = page[-1].position
