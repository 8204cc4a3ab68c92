"""Group commit: appends that arrive while a commit is under way are committed together in the next one.

How it works
------------
A durable commit costs one disk flush, however much it carries. Committing the appends of several threads together therefore raises
the throughput of the log without delaying anybody.

1. Each caller puts its appends in the queue as one `PendingAppends`. If nobody leads, it becomes the leader; otherwise it is
   a follower and blocks on its own `wakeup` lock.
2. The leader takes a batch from the front of the queue (at most MAX_COMMIT_BYTES of event bodies; its own appends are the first) and
   makes one commit of it.
3. When the commit ends, the leader first wakes the next leader, the first caller still in the queue, so that the next commit is
   already running while the followers of this one wake up. Then it wakes every caller of its batch and returns to its own work.

So a caller commits for others once at most, and no caller waits for others to arrive: a single writer is never delayed.

A follower that wakes up either has its outcome or is the new leader; `outcome is None` tells which.

Each caller gets its own outcome. A conflict is a value, and concerns one append. If the commit of several callers raises (say, a body
that the database refuses), the leader commits the appends of each caller separately, so that only the caller at fault gets the error.
If it raises `Unavailable`, all callers get it: trying again one by one would only make them wait longer. Each caller raises
an exception object of its own, because one object raised in several threads would collect the tracebacks of all of them.

The appends are checked (`append_checks`) before they enter the queue: an invalid append never reaches a commit.
"""

import threading
from collections.abc import Callable, Sequence

from shared.errors import Conflict, Unavailable
from shared.store.append_checks import check_append
from shared.store.port import Append, Appended

MAX_COMMIT_BYTES = 8 * 1024 * 1024  # of event bodies in one commit; the appends of one caller are never split
Outcomes = list[Appended | Conflict]
Commit = Callable[[Sequence[Append]], Outcomes]


class PendingAppends:
    """The appends of one caller, and their outcome once they are committed.

    `wakeup` is held until the caller has something to do: its outcome is there, or it is its turn to lead.
    """

    __slots__ = ("appends", "outcome", "size", "wakeup")

    def __init__(self, appends: Sequence[Append]) -> None:
        self.appends = appends
        self.size = sum(len(event.body) for append in appends for event in append.events)
        self.outcome: Outcomes | BaseException | None = None
        self.wakeup = threading.Lock()
        self.wakeup.acquire()

    def result(self) -> Outcomes:
        """Return the outcomes, or raise the error of the commit."""
        if isinstance(self.outcome, list):
            return self.outcome
        if isinstance(self.outcome, Unavailable):  # shared with the other callers of the commit: raise a copy
            raise type(self.outcome)(*self.outcome.args) from self.outcome
        raise self.outcome or Unavailable("the commit was interrupted")


class GroupCommit:
    """Call `commit` with the appends of many threads, one commit at a time."""

    def __init__(self, commit: Commit) -> None:
        self.commit = commit
        self.lock = threading.Lock()  # protects `queue` and `has_leader`
        self.queue: list[PendingAppends] = []
        self.has_leader = False

    def __call__(self, appends: Sequence[Append]) -> Outcomes:
        """Commit these appends, together with those of other threads, and return one outcome for each.

        Raises:
            TooLarge, Unrecordable: an append is invalid.
            Unavailable: the commit failed, and whether it took effect is unknown.
        """
        pending = PendingAppends([check_append(append) for append in appends])
        with self.lock:
            self.queue.append(pending)
            is_follower, self.has_leader = self.has_leader, True
        if is_follower:
            pending.wakeup.acquire()
        if pending.outcome is None:
            self.lead()
        return pending.result()

    def lead(self) -> None:
        """Commit one batch, then hand over to the next leader."""
        with self.lock:
            batch, self.queue = split_batch(self.queue)
        try:
            self.commit_batch(batch)
        finally:
            self.hand_over(batch)

    def hand_over(self, batch: Sequence[PendingAppends]) -> None:
        """Wake the next leader, then the callers of this batch."""
        with self.lock:
            next_leader = self.queue[0] if self.queue else None
            self.has_leader = next_leader is not None
        if next_leader is not None:
            next_leader.wakeup.release()
        for pending in batch:
            pending.outcome = Unavailable("the commit was interrupted") if pending.outcome is None else pending.outcome
            pending.wakeup.release()

    def commit_batch(self, batch: Sequence[PendingAppends]) -> None:
        """Commit a batch and give each caller its outcome; if the commit raises, find the caller at fault."""
        try:
            outcomes = self.commit([append for pending in batch for append in pending.appends])
        except Exception as fault:  # noqa: BLE001  (each caller raises it in its own thread)
            if len(batch) > 1 and not isinstance(fault, Unavailable):
                for pending in batch:
                    self.commit_batch([pending])
                return
            for pending in batch:
                pending.outcome = fault
            return
        for pending in batch:
            pending.outcome, outcomes = outcomes[: len(pending.appends)], outcomes[len(pending.appends) :]


def split_batch(queue: list[PendingAppends]) -> tuple[list[PendingAppends], list[PendingAppends]]:
    """Split the queue into the next batch, which has at least one caller, and the remainder."""
    total = 0
    for index, pending in enumerate(queue):
        total += pending.size
        if index and total > MAX_COMMIT_BYTES:
            return queue[:index], queue[index:]
    return queue, []
