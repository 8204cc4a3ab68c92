"""The live feed: recent events in memory, older ones from the log, and no seam between the two.

A follower holds a position and asks for what comes after it. So there is no queue for each client, nothing to lose or to repeat at
the seam, and a client that comes back with its last position goes on from there. The memory is the bound: a follower that was
live and has been overtaken by the oldest event in memory is dropped, and catches up from the log when it comes back.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from threading import Condition
from typing import Any

from shared.message import START, EventMessage, Position
from shared.store.port import EventStore

KEPT = 10_000  # events in memory
SLACK = 1_000  # forgotten at once, so that forgetting costs little
PAGE = 500  # events read from the log at once
WAIT = 1.0  # seconds for which one look at the log may block


class Feed:
    """One reader fills it from the log (`run`); any number of followers read it. A position is compared, never counted with."""

    def __init__(self, store: EventStore, native: Callable[..., Any], kept: int = KEPT) -> None:
        self.store = store
        self.native = native
        self.kept = kept
        self.events: list[EventMessage] = []
        self.positions: list[Position] = []
        self.floor: Position = START  # everything after it, up to the head, is in memory
        self.head: Position = START
        self.started = False
        self.moved = Condition()

    def start(self) -> None:
        """Begin at the end of the log: what is older is read from there."""
        self.floor = self.head = self.native(self.store.head)
        self.started = True

    def step(self, wait: float = WAIT) -> bool:
        """Wait for the log to move and take the next page of it; False when nothing came."""
        if not self.started:
            self.start()
        if not self.native(self.store.wait, self.head, wait):
            return False
        return self.take(self.native(self.store.read_all, self.head, self.kept))

    def reached(self, position: Position) -> bool:
        """Whether the log has come so far; it may be ahead of what was taken from it."""
        return position <= self.head or position <= self.native(self.store.head)

    def take(self, page: Sequence[EventMessage]) -> bool:
        if not page:
            return False
        with self.moved:
            self.events += page
            self.positions += [event.position for event in page]
            self.head = page[-1].position
            if len(self.events) > self.kept + SLACK:
                self.forget(len(self.events) - self.kept)
            self.moved.notify_all()
        return True

    def forget(self, count: int) -> None:
        self.floor = self.positions[count - 1]
        del self.events[:count], self.positions[:count]

    def remembers(self, position: Position) -> bool:
        """Whether everything after `position` is in memory."""
        return self.started and position >= self.floor

    def after(self, position: Position) -> list[EventMessage]:
        """The next events, at most a page, from memory when it has them all and from the log otherwise."""
        if self.remembers(position):
            start = bisect_right(self.positions, position)
            return self.events[start : start + PAGE]
        page: list[EventMessage] = self.native(self.store.read_all, position, PAGE)
        return page

    def wait(self, position: Position, timeout: float) -> bool:
        """Until there is something after `position`, or `timeout` seconds."""
        with self.moved:
            return self.moved.wait_for(lambda: self.head > position, timeout)

    def at(self, position: Position) -> EventMessage | None:
        """The event that stands at a position, if there is one."""
        start = bisect_right(self.positions, position) - 1
        if start >= 0 and self.positions[start] == position:
            return self.events[start]
        found: list[EventMessage] = self.native(self.store.read_at, [position])
        return found[0] if found else None
