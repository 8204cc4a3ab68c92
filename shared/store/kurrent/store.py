"""The event log in KurrentDB (formerly EventStoreDB), on one node or a cluster, for many processes on many machines.

How it works
------------
The server is the only writer: it checks the expected version, orders the events and gives them their times. The expected version is
always explicit, a number or NO_STREAM. With an explicit version the same events appended again get their first answer, however long ago
that was. With ANY the server compares only with events that it remembers from recently, so ANY is never used.

A position is the commit position of an event: it rises, and has gaps.

What is weaker than in the SQL logs, and cannot be improved here:

- Recording time. Live events have the time at which the server's one writer thread wrote them, so those of any number of processes are
  in order. But the time goes backwards when the server's clock does: when the clock is set back, or when a new leader's clock is behind.
  Events of past history carry their recording time in their metadata. It is raised to that of the last event if it is earlier, under a lock
  of this process only, which does not see what other processes append meanwhile. So load history from one process while nobody else
  appends. In any case the time of an event is stored with that event: all readers, and every replay, see the same one.
- Several appends are several commits. One append is all or nothing; of `append_many`, the first part may remain when the server fails.
- An append over the server's MaxAppendSize (1 MiB by default) is TooLarge, even if each of its events is within BODY_LIMIT.
- Immutability depends on the server's access lists: an administrator can delete a stream. The SQL logs prevent that even for the owner,
  unless it is done on purpose.
- There is no index by time: `position_at` reads backwards from the end, or from the nearest event that this process has read before.
"""

import threading
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime

from shared.address import Address
from shared.errors import Conflict
from shared.message import START, EventMessage, Position, decoder_of_lines
from shared.store.append_checks import check_append
from shared.store.kurrent.client import KurrentClient
from shared.store.kurrent.events import TimeIndex, history_metadata, history_time, recording_time, to_kurrent, to_lines, to_stored
from shared.store.kurrent.subscription import HeadSubscription
from shared.store.port import NO_STREAM, Append, Appended, R, only
from shared.store.stored import StoredEvent
from shared.time import Clock, now

decode_lines = decoder_of_lines(EventMessage)
EARLIEST_TIME = datetime.min.replace(tzinfo=UTC)
MIN_PAGE_SIZE, MAX_PAGE_SIZE = 64, 4_096  # when reading backwards to a moment: small at first, because most lookups are for recent moments


class KurrentStore:
    """The log at a `kurrentdb://` or `esdb://` address. `clock` is only compared with the times of past history."""

    def __init__(self, uri: Address | str, clock: Clock = now) -> None:
        self.client = KurrentClient(uri)
        self.clock = clock
        self.history_lock = threading.Lock()
        self.time_index = TimeIndex()
        self.subscription = HeadSubscription(self.client)
        last = self.client.last_event()
        self.min_time = (history_time(last) if last else None) or EARLIEST_TIME  # no event may be recorded at an earlier time

    def append(self, append: Append) -> Appended:
        return only(self.append_many([append]))

    def append_many(self, appends: Sequence[Append]) -> list[Appended | Conflict]:
        """As in the port, but one commit for each append: the server can judge several appends separately in no other way."""
        for append in appends:
            check_append(append)
        if self.min_time <= self.clock() and all(append.recorded_at is None for append in appends):
            return [self.append_one(append) for append in appends]
        with self.history_lock:
            return self.append_history(appends)

    def append_history(self, appends: Sequence[Append]) -> list[Appended | Conflict]:
        """Make appends that bring their own recording time, or that follow an event whose time is ahead of the clock."""
        last = self.client.last_event()
        self.min_time = max(self.min_time, recording_time(last)) if last else self.min_time
        outcomes: list[Appended | Conflict] = []
        for append in appends:
            moment = append.recorded_at or self.clock()
            if append.recorded_at is None and moment >= self.min_time:
                outcomes.append(self.append_one(append))  # with the server's time
            else:
                self.min_time = max(self.min_time, moment)
                outcomes.append(self.append_one(append, history_metadata(self.min_time)))
        return outcomes

    def append_one(self, append: Append, metadata: bytes = b"") -> Appended | Conflict:
        outcome = self.client.append(append, to_kurrent(append.events, metadata))
        if isinstance(outcome, Appended):
            self.subscription.note(outcome.position)
        return outcome

    def together(self) -> AbstractContextManager[bool]:
        """Nothing is gained here: each append is made as usual."""
        return nullcontext(False)

    def read_stream(self, stream: str, after: int = NO_STREAM) -> list[EventMessage]:
        return decode_lines(to_lines(self.client.read_stream(stream, after)))

    def read_streams(self, streams: Collection[str]) -> dict[str, list[EventMessage]]:
        """As in the port, with one call for each stream."""
        return {stream: self.read_stream(stream) for stream in streams}

    def read_all(self, after: Position, limit: int = 1_000) -> list[EventMessage]:
        return self.read_as(EventMessage, after, limit)

    def read_as(self, shape: type[R], after: Position, limit: int = 1_000) -> list[R]:
        events = self.client.read_forwards(after, limit)
        if len(events) >= MIN_PAGE_SIZE:
            self.time_index.add(events[-1])
        return decoder_of_lines(shape)(to_lines(events, after))

    def read_stored(self, after: Position, limit: int) -> list[StoredEvent]:
        return to_stored(self.client.read_forwards(after, limit), after)

    def read_at(self, positions: Sequence[Position]) -> list[EventMessage]:
        """As in the port, with one call for each position."""
        events = [event for position in sorted(set(positions)) if (event := self.client.read_at(position))]
        return decode_lines(to_lines(events))

    def head(self) -> Position:
        return self.client.head()

    def position_at(self, moment: datetime) -> Position:
        before, size = self.time_index.first_after(moment), MIN_PAGE_SIZE
        while page := self.client.read_backwards(before, size):
            for event in page:
                if recording_time(event) <= moment:
                    return event.commit_position
            self.time_index.add(page[-1])
            before, size = page[-1].commit_position, min(size * 4, MAX_PAGE_SIZE)
        return START

    def wait(self, after: Position, timeout: float) -> bool:
        return self.subscription.wait(after, timeout)

    def close(self) -> None:
        self.subscription.close()
        self.client.close()
