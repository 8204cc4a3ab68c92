"""The log of the simulated server, in memory: versions, idempotency, order, positions.

The server is simulated: this tests the client and the protocol, but says nothing about durability.

The rules are those of the server (its IndexWriter.CheckCommit): with an explicit version, an append at an earlier version is compared
event by event with the stream; with ANY, it is only compared with a memory of recent event ids. Positions are offsets in bytes, so they
have gaps; the server's own events are between those of its users.
"""

import threading
import time
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import NamedTuple

NO_STREAM, ANY, EXISTS = -1, -2, -4  # as the server numbers them
MAX_APPEND = 1024 * 1024  # bytes of one append: the server's default
REMEMBERED = 100  # event ids that ANY is compared with; thousands in the real server, but still limited
HEADER = 64  # bytes of a record beside its data
STATISTICS_INTERVAL = 7  # appends between two events of the server itself


class Proposed(NamedTuple):
    id: str
    type: str
    content_type: str
    data: bytes
    metadata: bytes


class Record(NamedTuple):
    position: int
    stream: str
    revision: int
    created: int  # 100 ns since 1970
    event: Proposed


class WrongVersion(Exception):
    """The stream is at the revision `current`, or at NO_STREAM."""

    def __init__(self, current: int) -> None:
        super().__init__(current)
        self.current = current


class TooMuch(Exception):
    """An append over the server's limit."""


class InvalidPosition(Exception):
    """A position where no record begins."""


class Log:
    limit = MAX_APPEND
    remembered = REMEMBERED

    def __init__(self, clock: Callable[[], int] = time.time_ns) -> None:
        self.clock = clock
        self.moved = threading.Condition()
        self.records: list[Record] = []
        self.positions: list[int] = []
        self.streams: dict[str, list[Record]] = {}
        self.recent: OrderedDict[tuple[str, str], Record] = OrderedDict()
        self.end = 0
        self.appends = 0
        self.write("$settings", [Proposed("00000000-0000-0000-0000-000000000001", "$metadata", "application/json", b"{}", b"")])

    def append(self, stream: str, expected: int, events: Sequence[Proposed]) -> Record:
        """Return the record of the last event: a new one, or the first one if the append is repeated."""
        if sum(len(event.data) + len(event.metadata) for event in events) > self.limit:
            raise TooMuch
        with self.moved:
            earlier = self.earlier(stream, expected, events)
            if earlier is not None:
                return earlier
            last = self.write(stream, events)
            self.remember(stream, events)
            self.write_statistics()
            self.moved.notify_all()
            return last

    def earlier(self, stream: str, expected: int, events: Sequence[Proposed]) -> Record | None:
        """Return None if the events are to be written, the record of the last one if they were written before; raise WrongVersion."""
        records = self.streams.get(stream, [])
        current = len(records) - 1
        if expected == ANY:
            return self.find_recent(stream, events, current)
        if expected == EXISTS and current >= 0:
            return None
        if expected == current:
            return None
        existing = records[expected + 1 : expected + 1 + len(events)] if NO_STREAM <= expected < current else []
        if [record.event.id for record in existing] != [event.id for event in events]:
            raise WrongVersion(current)
        return existing[-1]

    def find_recent(self, stream: str, events: Sequence[Proposed], current: int) -> Record | None:
        known = [self.recent.get((stream, event.id)) for event in events]
        if known[0] is None:
            return None
        if None in known:
            raise WrongVersion(current)
        return known[-1]

    def remember(self, stream: str, events: Sequence[Proposed]) -> None:
        for event, record in zip(events, self.streams[stream][-len(events) :], strict=True):
            self.recent[stream, event.id] = record
        while len(self.recent) > self.remembered:
            self.recent.popitem(last=False)

    def write(self, stream: str, events: Sequence[Proposed]) -> Record:
        records = self.streams.setdefault(stream, [])
        for event in events:
            record = Record(self.end, stream, len(records), self.clock() // 100, event)
            self.end += HEADER + len(event.data) + len(event.metadata)
            records.append(record)
            self.records.append(record)
            self.positions.append(record.position)
        return records[-1]

    def write_statistics(self) -> None:
        self.appends += 1
        if self.appends % STATISTICS_INTERVAL == 0:
            event = Proposed(f"00000000-0000-0000-0001-{self.appends:012}", "$statsCollected", "application/json", b"{}", b"")
            self.write("$stats-127.0.0.1:2113", [event])

    def index(self, position: int) -> int:
        """Return the index of the record at a position."""
        index = bisect_left(self.positions, position)
        if index == len(self.positions) or self.positions[index] != position:
            raise InvalidPosition(position)
        return index

    def forwards(self, index: int) -> Sequence[Record]:
        return self.records[index:]

    def backwards(self, index: int) -> Sequence[Record]:
        """Return the records before this index, the latest first."""
        return self.records[:index][::-1]

    def wait(self, index: int, seconds: float) -> bool:
        """Wait until there is a record with this index."""
        with self.moved:
            return self.moved.wait_for(lambda: len(self.records) > index, seconds)
