"""The end of the log in memory, for the readers of one process that follow it: the relay, the inboxes, the feed.

How it works
------------
Each of them reads every event once, all at about the same place, and each read is a query and a decoding. So the pages that were read
last are kept: a reader whose position lies inside them gets what follows it there, and only the first one asks the log.

What is kept is a part of the log without gaps: `floor` is the position that its first event follows. A page is added if it was read
from its end, and takes its place if it is further on. Events never change, and none appears between two others, so what is kept is
never wrong. It says nothing of the head of the log: a reader at the end of what is kept always asks the log.
"""

import threading
from bisect import bisect_right
from collections.abc import Mapping, Sequence

from shared.message import START, EventMessage, Position
from shared.store.port import EventStore
from shared.store.upcasting import Upcast, UpcastingStore

KEPT = 2_048  # events
WAIT_S = 0.05  # for the page of another reader


class FollowedStore(UpcastingStore):
    """The log as those read it who follow it. Nobody appends through it in a block `together`: what is kept is committed."""

    def __init__(self, store: EventStore, upcasts: Mapping[str, Sequence[Upcast]]) -> None:
        super().__init__(store, upcasts)
        self.lock = threading.Lock()  # of what is kept
        self.reading = threading.Lock()
        self.floor: Position = START
        self.events: list[EventMessage] = []
        self.positions: list[Position] = []

    def read_all(self, after: Position, limit: int = 1_000) -> list[EventMessage]:
        """As `EventStore.read_all`. A page may be shorter than `limit` although the log has more: the next one begins where it ends."""
        if limit <= 0:
            return []
        return self.kept(after, limit) or self.read_once(after, limit)

    def kept(self, after: Position, limit: int) -> list[EventMessage]:
        with self.lock:
            if not self.positions or not self.floor <= after < self.positions[-1]:
                return []
            start = bisect_right(self.positions, after)
            return self.events[start : start + limit]

    def read_once(self, after: Position, limit: int) -> list[EventMessage]:
        """Read the log, after another reader that does so now: it may read the same page. One that takes long is not waited for."""
        alone = self.reading.acquire(timeout=WAIT_S)
        try:
            if page := self.kept(after, limit):
                return page
            page = super().read_all(after, limit)
            if page:
                self.keep(after, page)
            return page
        finally:
            if alone:
                self.reading.release()

    def keep(self, after: Position, page: Sequence[EventMessage]) -> None:
        with self.lock:
            last = self.positions[-1] if self.positions else START
            if page[-1].position <= last:
                return
            if after != last:
                self.floor, self.events, self.positions = after, [], []
            self.events += page
            self.positions += [event.position for event in page]
            if (surplus := len(self.events) - KEPT) > 0:
                self.floor = self.positions[surplus - 1]
                del self.events[:surplus], self.positions[:surplus]
