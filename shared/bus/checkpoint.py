"""The checkpoint of a reader of the log, cached in memory, and the lease that allows caching it.

How it works
------------
A reader (the relay, the feed, the inbox of a service) has a checkpoint: the position of the last event that it has handled. It is stored
under a name beside the log. Storing it for each event would cost a commit per event, so the reader keeps it in memory
(`CachedCheckpoint`) and saves it:

- at once when an event had an effect, or when nothing more is to be read;
- otherwise every SAVE_INTERVAL_S.

With it is saved which events the reader has applied (`shared.coverage`), if `kinds` says to which it is bound.

The cache is correct because one process reads at a time. Each reader first takes a lease on its name (`Checkpoints.lease`); the others
wait on standby. A lease can be lost while it is held: the database closes the connection that holds it, or restarts, or the process is
frozen for some seconds. The holder cannot prevent that, so it calls `check_held` before each unit of work, and gives up when the lease is
lost. The unit that is under way at that moment is finished while the next holder may already work on the same events; its position is not
saved (`Checkpoints.save`).

So an event can be read more than once, and is never skipped: a process that dies repeats what it has handled since the last save, and
one that lost its lease overlaps with its successor for one unit of work. A repeated event changes nothing. The relay publishes a window
again, inboxes ignore events at or before their own checkpoint, a policy gives the same command ids, and a projection commits its position
with its effect.
"""

import time
from collections.abc import Collection, Sequence

from shared.coverage import Coverage, applied, made_good, resumed
from shared.errors import Unavailable
from shared.message import START, Position, Recorded
from shared.runtime.native_threads import native
from shared.store.port import Checkpoints, Held

SAVE_INTERVAL_S = 1.0  # between two saves of a checkpoint that nothing requires to be durable at once


class CachedCheckpoint:
    """The checkpoint `name` in memory, saved under the lease `held`. `load` and `save` block: call them in a native thread.

    `coverage` is what a reader has applied that calls `apply`.
    """

    def __init__(self, checkpoints: Checkpoints, name: str, kinds: Collection[str] | None = None) -> None:
        self.checkpoints = checkpoints
        self.name = name
        self.held: Held = True
        self.position: Position = START
        self.saved_position: Position = START
        self.saved_at = 0.0  # by time.monotonic
        self.kinds = kinds
        self.coverage: Coverage | None = None
        self.changed = False  # what was applied, and the position is the same

    def load(self) -> Position:
        self.position = self.saved_position = self.checkpoints.load(self.name)
        return self.position

    def advance(self, position: Position) -> None:
        """In memory only: call `save` when it must be durable."""
        self.position = position

    def load_covered(self) -> Position:
        """As `load`, with what was applied."""
        self.position, stored = self.checkpoints.load_covered(self.name)
        self.saved_position, self.changed = self.position, False
        self.coverage = resumed(stored, self.position, self.kinds)
        return self.position

    def apply(self, page: Sequence[Recorded], done: Sequence[Position]) -> None:
        """Advance past a page of events, of which those at the positions `done` were applied. In memory only."""
        if self.coverage:
            self.coverage = applied(self.coverage, page, done)
        self.advance(page[-1].position)

    def apply_late(self, event: Recorded) -> None:
        """Note that an event before the position was applied only now."""
        if self.coverage and (late := made_good(self.coverage, event)) != self.coverage:
            self.coverage, self.changed = late, True

    @property
    def unsaved(self) -> bool:
        return self.changed or self.position != self.saved_position

    @property
    def save_due(self) -> bool:
        return self.unsaved and time.monotonic() - self.saved_at >= SAVE_INTERVAL_S

    def save(self) -> None:
        """Make the position durable. Without a query when it is. Raises Unavailable, too, when another process was given the lease."""
        if self.unsaved:
            if self.coverage:
                self.checkpoints.save(self.name, self.position, self.held, self.coverage.text())
            else:
                self.checkpoints.save(self.name, self.position, self.held)
            self.saved_position, self.saved_at, self.changed = self.position, time.monotonic(), False


def check_held(held: Held, name: str) -> None:
    """Call before each unit of work.

    Raises:
        Unavailable: the lease was lost, and another process may have taken it. Leave the block of the lease, and take it again.
    """
    if not held:
        raise Unavailable(f"the lease {name} was lost")


def save_in_native_thread(checkpoint: CachedCheckpoint, *, at_once: bool) -> None:
    """Save from a green thread: a checkpoint that changed, now or when it is due. Starts no native thread when there is nothing to save."""
    if checkpoint.save_due or (at_once and checkpoint.unsaved):
        native(checkpoint.save)
