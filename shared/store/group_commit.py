"""Group commit: appends that arrive while a commit is under way are committed together in the next one.

How it works
------------
A durable commit costs one disk flush, however much it carries. Committing the appends of several threads together therefore raises
the throughput of the log without delaying anybody.

1. Each caller puts its appends in the queue as one `PendingAppends`. If nobody leads, it becomes the leader; otherwise it is
   a follower and blocks on its own `wakeup` lock.
2. The leader waits for the callers of the last commit, who were just woken: as long as one of them comes back within GATHER_S, and not
   for more than there were. It takes a batch from the front of the queue (at most MAX_COMMIT_BYTES of event bodies; its own appends are
   the first) and makes one commit of it.
3. When the commit ends, the leader first wakes the next leader, the first caller still in the queue. Then it wakes every caller of its
   batch and returns to its own work.

Why the leader waits. Eight threads that append without pause would otherwise fall into a rhythm of one and seven: whoever comes back first
finds nobody leading and is committed alone, and the other seven meanwhile wait. Half of all flushes would be for one append. A single
writer is never delayed, because the last commit was its own; and who appends alone after others have stopped waits once, for GATHER_S.

So a caller commits for others once at most.

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

GATHER_S = 0.0002  # a thread that was woken makes its next append in a fraction of this, if it has one to make
MAX_COMMIT_BYTES = 8 * 1024 * 1024  # of event bodies in one commit; the appends of one caller are never split
Outcomes = list[Appended | Conflict]
Commit = Callable[[Sequence[Append]], Outcomes]


class PendingAppends:
    """The appends of one caller, and their outcome once they are committed.

    A caller that has to wait does so on `wakeup`, which is held until there is something to do: its outcome is there, or it is its turn to
    lead.
    """

    __slots__ = ("appends", "outcome", "wakeup")

    def __init__(self, appends: Sequence[Append]) -> None:
        self.appends = appends
        self.outcome: Outcomes | BaseException | None = None
        self.wakeup: threading.Lock | None = None

    def size(self) -> int:
        return sum([len(event.body) for append in self.appends for event in append.events])

    def wake(self) -> None:
        if self.wakeup is not None:
            self.wakeup.release()

    def result(self) -> Outcomes:
        """Return the outcomes, or raise the error of the commit."""
        if isinstance(self.outcome, list):
            return self.outcome
        if isinstance(self.outcome, Unavailable):  # shared with the other callers of the commit: raise a copy
            raise type(self.outcome)(*self.outcome.args) from self.outcome
        raise self.outcome or Unavailable("the commit was interrupted")


def held_lock() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


class GroupCommit:
    """Call `commit` with the appends of many threads, one commit at a time."""

    def __init__(self, commit: Commit) -> None:
        self.commit = commit
        self.lock = threading.Lock()  # protects all that follows
        self.queue: list[PendingAppends] = []
        self.has_leader = False
        self.expected = 1  # callers: as many as the last commit had
        self.all_here: threading.Lock | None = None  # of a leader who waits for as many

    def __call__(self, appends: Sequence[Append]) -> Outcomes:
        """Commit these appends, together with those of other threads, and return one outcome for each.

        Raises:
            TooLarge, Unrecordable: an append is invalid.
            Unavailable: the commit failed, and whether it took effect is unknown.
        """
        pending = PendingAppends([check_append(append) for append in appends])
        with self.lock:
            self.queue.append(pending)
            if self.has_leader:
                pending.wakeup = held_lock()
                self.notice_all_here()
            self.has_leader = True
        if pending.wakeup is not None:
            pending.wakeup.acquire()
        if pending.outcome is None:
            self.lead()
        return pending.result()

    def notice_all_here(self) -> None:
        """Tell a leader who waits that nobody else is waited for. The lock is held."""
        if self.all_here is not None and len(self.queue) >= self.expected:
            self.all_here.release()
            self.all_here = None

    def gather(self) -> None:
        """Wait until as many callers are in the queue as the last commit had, or none has come for a while."""
        seen = 0
        while seen < len(self.queue) < self.expected:
            with self.lock:
                seen = len(self.queue)
                if seen >= self.expected:
                    return
                all_here = self.all_here = held_lock()
            if all_here.acquire(timeout=GATHER_S):
                return
        with self.lock:
            self.all_here = None

    def lead(self) -> None:
        try:
            self.gather()
        finally:  # whatever interrupts this thread: others wait for it
            self.commit_next()

    def commit_next(self) -> None:
        """Commit one batch, then hand over to the next leader."""
        with self.lock:
            batch, self.queue = split_batch(self.queue)
            self.expected = len(batch)
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
            next_leader.wake()
        for pending in batch:
            pending.outcome = Unavailable("the commit was interrupted") if pending.outcome is None else pending.outcome
            pending.wake()

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
    if len(queue) == 1:
        return queue, []
    total = 0
    for index, pending in enumerate(queue):
        total += pending.size()
        if index and total > MAX_COMMIT_BYTES:
            return queue[:index], queue[index:]
    return queue, []
