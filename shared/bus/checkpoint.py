"""How far a reader of the log has come. Memory knows it; the checkpoint follows, at once when it matters and else now and then.

Only the holder of a lease has a place, so nobody else moves it. A process that dies forgets what it had not written down, and reads
that part again: for a relay that is a window more that leaves twice, for an inbox events that it knows. So does one that loses its
lease: what is under way then is finished beside the next holder, and nothing more.
"""

import time

from shared.errors import Unavailable
from shared.message import START, Position
from shared.runtime.native_threads import native
from shared.store.port import Checkpoints, Held

SELDOM = 1.0  # seconds between two savings that nothing hurries


class CachedCheckpoint:
    def __init__(self, checkpoints: Checkpoints, name: str) -> None:
        self.checkpoints = checkpoints
        self.name = name
        self.at: Position = START
        self.saved: Position = START
        self.saved_at = 0.0

    def load(self) -> Position:
        self.at = self.saved = self.checkpoints.load(self.name)
        return self.at

    def moved(self, position: Position) -> None:
        self.at = position

    @property
    def due(self) -> bool:
        return self.at != self.saved and time.monotonic() - self.saved_at >= SELDOM

    def save(self) -> None:
        """Blocks, like `load`. Nothing is asked of the database when nothing moved."""
        if self.at != self.saved:
            self.checkpoints.save(self.name, self.at)
            self.saved, self.saved_at = self.at, time.monotonic()


def check_held(held: Held, name: str) -> None:
    """Asked before each piece of work: who has lost its lease is not alone any more, and begins again."""
    if not held:
        raise Unavailable(f"the lease {name} was lost")


def saved(place: CachedCheckpoint, *, now: bool) -> None:
    """From a green thread, and only when there is something to cross the bridge for."""
    if place.due or (now and place.at != place.saved):
        native(place.save)
