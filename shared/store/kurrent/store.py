"""The event log in KurrentDB (EventStoreDB before it), on a node or a cluster, for many processes on many machines.

What it keeps of the port, and how. The server is the one writer: it checks the version, orders and stamps. Versions are always explicit
(a number or NO_STREAM): with them the same events appended again get their first answer however long ago that was. With ANY the server
only remembers recent events, so ANY is never used. A position is the commit position of an event: it exists, rises, and has gaps.

What is weaker than in SQL, and no code here can help it:

- Time of recording. It is the time at which the server wrote the event, given by its one writer thread, so live events of any number of
  processes are in order. It goes backwards where the server's own clock does (a step of that clock, a new leader with a clock behind).
  Past history carries its moment in the event's metadata, put right against the end of the log under a lock of this process: what other
  processes append meanwhile is not seen by it. Load history from one process while nobody else appends. The time of an event is
  a property of that event alone: all readers see the same, and a replay sees it again.
- Several appends are several commits. One append is all or nothing; of `append_many`, a first part may remain when the server goes.
- An append of more than the server's MaxAppendSize (1 MiB unless it is told otherwise) in all is TooLarge, whatever each event weighs.
- Immutability is a matter of the server's access lists: an administrator may delete a stream; SQL refuses that to a slip of the owner.
- There is no index by time: `position_at` walks backwards from the end, or from the nearest place that this process passed before.
"""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime

from shared.errors import Conflict
from shared.message import START, EventMessage, Position, decoder_of_lines
from shared.store.append_checks import checked
from shared.store.kurrent.client import KurrentClient
from shared.store.kurrent.events import TimeIndex, lines, proposed, recorded, stamp, stamped
from shared.store.kurrent.subscription import HeadSubscription
from shared.store.port import NO_STREAM, Append, Appended, R, only
from shared.time import Clock, now

decode_lines = decoder_of_lines(EventMessage)
LONG_AGO = datetime.min.replace(tzinfo=UTC)
STEP, LONGEST = 64, 4_096  # events of a page on the way back to a moment: few at first, for most moments asked are recent


class KurrentStore:
    def __init__(self, uri: str, clock: Clock = now) -> None:
        self.node = KurrentClient(uri)
        self.clock = clock
        self.history = threading.Lock()
        self.marks = TimeIndex()
        self.watch = HeadSubscription(self.node)
        last = self.node.last()
        self.floor = (stamp(last) if last else None) or LONG_AGO  # the greatest moment of history that is known here

    def append(self, append: Append) -> Appended:
        return only(self.append_many([append]))

    def append_many(self, appends: Sequence[Append]) -> list[Appended | Conflict]:
        """One after the other, each in a commit of its own: the server has no other way to judge them one by one."""
        for append in appends:
            checked(append)
        if self.floor <= self.clock() and all(append.recorded_at is None for append in appends):
            return [self.written(append) for append in appends]
        with self.history:
            return self.loaded(appends)

    def loaded(self, appends: Sequence[Append]) -> list[Appended | Conflict]:
        """Appends that bring their own moment, or that follow one which is ahead of the clock."""
        last = self.node.last()
        self.floor = max(self.floor, recorded(last)) if last else self.floor
        outcomes: list[Appended | Conflict] = []
        for append in appends:
            moment = append.recorded_at or self.clock()
            if append.recorded_at is None and moment >= self.floor:
                outcomes.append(self.written(append))  # the server knows better what time it is
            else:
                self.floor = max(self.floor, moment)
                outcomes.append(self.written(append, stamped(self.floor)))
        return outcomes

    def written(self, append: Append, metadata: bytes = b"") -> Appended | Conflict:
        outcome = self.node.append(append, proposed(append.events, metadata))
        if isinstance(outcome, Appended):
            self.watch.note(outcome.position)
        return outcome

    def read_stream(self, stream: str, after: int = NO_STREAM) -> list[EventMessage]:
        return decode_lines(lines(self.node.stream(stream, after)))

    def read_all(self, after: Position, limit: int = 1_000) -> list[EventMessage]:
        return self.read_as(EventMessage, after, limit)

    def read_as(self, shape: type[R], after: Position, limit: int = 1_000) -> list[R]:
        found = self.node.forwards(after, limit)
        if len(found) >= STEP:
            self.marks.note(found[-1])
        return decoder_of_lines(shape)(lines(found, after))

    def read_at(self, positions: Sequence[Position]) -> list[EventMessage]:
        """A call for each: the server reads at one place at a time."""
        return decode_lines(lines([event for position in sorted(set(positions)) if (event := self.node.at(position))]))

    def head(self) -> Position:
        return self.node.head()

    def position_at(self, moment: datetime) -> Position:
        before, size = self.marks.behind(moment), STEP
        while page := self.node.backwards(before, size):
            for event in page:
                if recorded(event) <= moment:
                    return event.commit_position
            self.marks.note(page[-1])
            before, size = page[-1].commit_position, min(size * 4, LONGEST)
        return START

    def wait(self, after: Position, timeout: float) -> bool:
        return self.watch.wait(after, timeout)

    def close(self) -> None:
        self.watch.close()
        self.node.close()
