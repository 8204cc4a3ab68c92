"""The live feed: recent events in memory, older ones from the log.

How it works
------------
One reader fills the memory: it waits for the head of the log to move and takes the next page (`step`). Any number of followers read it.
A follower holds a position and asks for the events after it, so there is no queue for each client: nothing is lost or repeated between
the log and the memory, and a client that returns with its last position goes on from there.

`floor` is the oldest position after which every event is in memory. A follower at or above it is served from memory, one below it from
the log, a page at a time, until it has caught up. Memory is bounded to MAX_EVENTS; when it exceeds that by TRIM_SLACK, the oldest events
are dropped together. A follower that was live and is now below the floor reads too slowly: it is disconnected, and catches up from the
log when it comes back.

Positions are only compared: they rise, with gaps in some logs.

Followers who wait cost next to nothing. Each waits at its own lock until there is an event, until it is time for a sign of life, or until
`look` finds that nobody waits there any more: one thread looks for all. When an event comes, some are woken at a time, and other requests
have their turn in between.
"""

import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from threading import Lock
from typing import Any, TypeVar

from shared.message import START, EventMessage, Position
from shared.metrics import FEED_EVENTS, FEED_POSITION
from shared.store.port import EventStore

MAX_EVENTS = 10_000  # in memory
TRIM_SLACK = 1_000  # events over the bound before the oldest are dropped, so that dropping is rare
PAGE_SIZE = 500  # events handed to a follower at once
WAIT_S = 1.0  # for which one wait for the log may block a native thread
T = TypeVar("T")
AT_ONCE = 10  # followers woken, or looked at, before others have their turn

Gone = Callable[[], bool]
"""Whether nobody waits any more: the client has left, or may no longer follow."""


class Feed:
    """`native` runs a blocking function from a green thread."""

    def __init__(self, store: EventStore, native: Callable[..., Any], max_events: int = MAX_EVENTS) -> None:
        self.store = store
        self.native = native
        self.max_events = max_events
        self.events: list[EventMessage] = []
        self.positions: list[Position] = []
        self.floor: Position = START  # every event after it, up to the head, is in memory
        self.head: Position = START
        self.started = False
        self.waiting: dict[Any, Gone] = {}  # by the lock that each waits at
        self.adding = Lock()

    def start(self) -> None:
        """Begin at the end of the log; older events are read from the log."""
        self.floor = self.head = self.native(self.store.head)
        self.started = True
        self.measure()

    def measure(self) -> None:
        FEED_POSITION.set(self.head)
        FEED_EVENTS.set(len(self.events))

    def step(self, wait: float = WAIT_S) -> bool:
        """Wait for new events and add the next page of them. False if none came in time."""
        if not self.started:
            self.start()
        if not self.native(self.store.wait, self.head, wait):
            return False
        return self.add(self.native(self.store.read_all, self.head, self.max_events))

    def reached(self, position: Position) -> bool:
        """Whether the log has this position. The log may be ahead of this feed."""
        return position <= self.head or position <= self.native(self.store.head)

    def add(self, page: Sequence[EventMessage]) -> bool:
        if not page:
            return False
        with self.adding:
            self.events += page
            self.positions += [event.position for event in page]
            self.head = page[-1].position
            if len(self.events) > self.max_events + TRIM_SLACK:
                self.drop_oldest(len(self.events) - self.max_events)
            self.measure()
            waiting = [*self.waiting]
        self.wake(waiting)
        return True

    def drop_oldest(self, count: int) -> None:
        self.floor = self.positions[count - 1]
        del self.events[:count], self.positions[:count]

    def covers(self, position: Position) -> bool:
        """Whether every event after `position` is in memory."""
        return self.started and position >= self.floor

    def after(self, position: Position) -> list[EventMessage]:
        """The next events, at most a page: from memory if it covers them, from the log otherwise."""
        if self.covers(position):
            start = bisect_right(self.positions, position)
            return self.events[start : start + PAGE_SIZE]
        page: list[EventMessage] = self.native(self.store.read_all, position, PAGE_SIZE)
        return page

    def wait(self, position: Position, timeout: float, gone: Gone = lambda: False) -> bool:
        """Wait until there is an event after `position`. False after `timeout` seconds, or when `look` finds the follower gone."""
        lock = Lock()
        lock.acquire()
        with self.adding:
            if self.head > position:
                return True
            self.waiting[lock] = gone
        try:
            lock.acquire(timeout=timeout)
        finally:
            self.waiting.pop(lock, None)
        return self.head > position

    def look(self) -> None:
        """Wake those who wait and are gone."""
        self.wake([lock for lock, gone in in_turns([*self.waiting.items()]) if gone()])

    def wake(self, locks: Iterable[Any]) -> None:
        for lock in in_turns(locks):
            if self.waiting.pop(lock, None):  # otherwise its time ran out meanwhile
                lock.release()

    def at(self, position: Position) -> EventMessage | None:
        """The event at a position, if there is one."""
        start = bisect_right(self.positions, position) - 1
        if start >= 0 and self.positions[start] == position:
            return self.events[start]
        found: list[EventMessage] = self.native(self.store.read_at, [position])
        return found[0] if found else None


def in_turns(values: Iterable[T]) -> Iterator[T]:
    """The values. Other green threads have their turn after some of them."""
    for number, value in enumerate(values, 1):
        yield value
        if number % AT_ONCE == 0:
            time.sleep(0)
