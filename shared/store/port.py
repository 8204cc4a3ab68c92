"""The port of the event log: what every adapter (SQLite, PostgreSQL, KurrentDB) offers to the rest of the system.

Vocabulary
----------
Stream    The events of one aggregate, under one name. Its first event has version 1; a stream without events is at `NO_STREAM`, 0.
Version   The number of an event within its stream: 1, 2, 3… without gaps.
Position  The place of an event in the whole log. Positions rise in commit order and may have gaps. They are opaque: compare them,
          store them, pass them back to the log, but do not calculate with them. `START`, 0, is before the first event.
Page      A list of consecutive events of the log, at most `limit` of them.

The rules that every adapter keeps
----------------------------------
- Optimistic concurrency: an append names the version that it expects the stream to have, or it is a `Conflict`.
- Idempotency: the same events (same ids, same order) appended again at the same expected version get their first answer.
- Order: an event becomes visible only after all events at lower positions. A reader that continues from the last position it has seen
  misses nothing and sees nothing twice.
- Durability: when `append` returns, the events survive a crash.
- Time: `recordedtime` never decreases along the log (see the KurrentDB adapter for its limits).

The contract suite in `tests/contract/store` tests each of these rules on each adapter. Adapters are blocking and thread-safe.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from msgspec import Struct

from shared.errors import Conflict
from shared.message import EventMessage, Position, Recorded

NO_STREAM = 0  # the version of a stream without events
LAST_POSITION: Position = 2**63 - 1  # the greatest position that any log can have
BODY_LIMIT = 256 * 1024  # bytes of one encoded event
NAME_LIMIT = 1_000  # bytes of a stream name or an event type; an index entry of PostgreSQL holds at most 2,700


R = TypeVar("R", bound=Recorded)


class NewEvent(Struct, frozen=True):
    """An event to append. `body` is an encoded `EventBody`: one line of JSON whose id and type equal `id` and `type`."""

    id: UUID
    type: str
    body: bytes


class Append(Struct, frozen=True):
    """Events to add at the end of one stream: all of them or none.

    `expected` is the version that the stream must have. `recorded_at` is given only when past history is loaded; otherwise the log
    records the current time.
    """

    stream: str
    expected: int
    events: Sequence[NewEvent]
    recorded_at: datetime | None = None


class Appended(Struct, frozen=True):
    """The outcome of a successful append: the position and the version of its last event."""

    position: Position
    version: int


def only(outcomes: Sequence[Appended | Conflict]) -> Appended:
    """Return the outcome of a single append, or raise it if it is a conflict."""
    (outcome,) = outcomes
    if isinstance(outcome, Conflict):
        raise outcome
    return outcome


def by_stream(streams: Collection[str], events: Iterable[EventMessage]) -> dict[str, list[EventMessage]]:
    """Events of these streams, in the order of each, by stream."""
    found: dict[str, list[EventMessage]] = {stream: [] for stream in streams}
    for event in events:
        found[event.subject].append(event)
    return found


class EventStore(Protocol):
    def append(self, append: Append) -> Appended:
        """Add events to one stream and return where the last of them is. Durable when it returns.

        Raises:
            Conflict: the stream is not at `append.expected`, and these events are not there already.
            TooLarge: a body is over BODY_LIMIT, a name over NAME_LIMIT, or the append over a limit of the server.
            Unrecordable: a body or a name that no reader could read back.
            Unavailable: the log cannot be reached. Whether the events were recorded is unknown; append the same events again.
        """

    def append_many(self, appends: Sequence[Append]) -> list[Appended | Conflict]:
        """Make several appends, in this order, in as few commits as possible; return one outcome for each.

        Each append is judged on its own: a conflict is returned, not raised, and does not affect the others.

        Raises:
            TooLarge, Unrecordable: one of the appends is invalid; none of them was recorded.
            Unavailable: as for `append`. Each append may have been recorded or not.
        """

    def together(self) -> AbstractContextManager[bool]:
        """A block in which this thread appends much: what it appends may be durable, and visible to others, only when the block ends.

        Inside the block the thread sees what it has appended. The block gets whether other writers wait until it ends; keep it short. A
        log that gains nothing by it makes each append as usual, and nobody waits. If the block raises, what it appended may be undone.

        Raises:
            Unavailable: as for `append`, also at the end of the block: then whether anything was recorded is unknown.
        """

    def read_stream(self, stream: str, after: int = NO_STREAM) -> list[EventMessage]:
        """Return the events of one stream whose version is greater than `after`, in order; an unknown stream has none.

        Raises:
            Unavailable: the log cannot be reached.
        """

    def read_streams(self, streams: Collection[str]) -> dict[str, list[EventMessage]]:
        """Return the events of each of these streams, as `read_stream` does, with as few queries as possible.

        Raises:
            Unavailable: the log cannot be reached.
        """

    def read_all(self, after: Position, limit: int = 1_000) -> list[EventMessage]:
        """Return the next page of the log: at most `limit` events after position `after`, in commit order.

        Each event carries `previous`, the position of the event before it, so that a reader can detect a gap.
        Reading past the head, or with limit <= 0, returns an empty page.

        Raises:
            UnknownPosition: no event of this log is at `after`, and the log cannot continue from such a position (KurrentDB). The
                SQL logs continue with the next event after it.
            Unavailable: the log cannot be reached.
        """

    def read_as(self, shape: type[R], after: Position, limit: int = 1_000) -> list[R]:
        """As `read_all`, decoded into the caller's own struct. Fields that `shape` does not declare are not decoded, which is faster."""

    def read_at(self, positions: Sequence[Position]) -> list[EventMessage]:
        """Return the events at these positions, in log order and each once. Positions without an event are ignored.

        Raises:
            Unavailable: the log cannot be reached.
        """

    def head(self) -> Position:
        """Return the position of the last event, or START if the log is empty.

        Raises:
            Unavailable: the log cannot be reached.
        """

    def position_at(self, moment: datetime) -> Position:
        """Return the position of the last event recorded at or before `moment`, or START if there is none.

        Raises:
            Unavailable: the log cannot be reached.
        """

    def wait(self, after: Position, timeout: float) -> bool:
        """Block until the log has an event after position `after`; return False if it has none within `timeout` seconds.

        Raises:
            Unavailable: the log cannot be reached.
        """

    def close(self) -> None:
        """Close all connections. The store cannot be used afterwards."""


class Held(Protocol):
    """Whether a lease is held: true until it is released or lost.

    Checking it is cheap. Check it before each unit of work, because a lease may be lost at any time.
    """

    def __bool__(self) -> bool: ...


class Checkpoints(Protocol):
    """Named positions, each saying how far one reader has got, and named leases, each held by one process at a time."""

    def load(self, name: str) -> Position:
        """Return the position saved under `name`, or START if there is none.

        Raises:
            Unavailable: the database cannot be reached.
        """

    def save(self, name: str, position: Position, held: Held = True, coverage: str | None = None) -> None:
        """Save a position and, in the same commit, what was applied up to there (`shared.coverage`). Durable when it returns.

        A position lower than the saved one is ignored, with its coverage. Without a coverage, the saved one stays.

        Raises:
            Unavailable: the database cannot be reached. Saving again is harmless. Or `held` is a lease that somebody else was given since:
                nothing is saved.
        """

    def load_covered(self, name: str) -> tuple[Position, str | None]:
        """Return the position saved under `name` and what was saved as applied, as of one moment.

        Raises:
            Unavailable: the database cannot be reached.
        """

    def lease(self, name: str, timeout: float) -> AbstractContextManager[Held]:
        """Wait up to `timeout` seconds for the lease `name`; the block gets a `Held`, which is false if another process has it.

        The lease ends with the block, with the process, and with the session of the database; and when the process is frozen or cut off for
        some seconds (`lease.py`). Another process may then take it. Check `held` before each unit of work, leave the block once it is
        false, and give it to `save`: between a check and what follows it, a process may be frozen.

        Raises:
            Unavailable: the database cannot be reached.
        """


def pages(store: EventStore, after: Position, until: Position, size: int = 4_096) -> Iterator[list[EventMessage]]:
    """Yield the events after position `after`, up to and including `until`, in pages of at most `size` events."""
    return pages_as(EventMessage, store, after, until, size)


def pages_as(shape: type[R], store: EventStore, after: Position, until: Position, size: int) -> Iterator[list[R]]:
    """As `pages`, decoded into `shape`."""
    while after < until:
        page = store.read_as(shape, after, size)
        if page and page[-1].position > until:
            page = [event for event in page if event.position <= until]
        if not page:
            return
        yield page
        after = page[-1].position
