"""Group commit: the appends that wait while one commit is under way leave together in the next one.

A durable commit costs a disk flush, whatever it carries. So the first caller becomes the leader and commits what is queued, its
own append and everybody else's; those who come meanwhile queue up. When the leader is done it hands the lead to the first who
waits and returns: nobody works for others longer than for one commit, and nobody waits for company. With one writer, no delay.

Each caller is answered on its own: a conflict is its own value, and if a commit of several callers fails because of one of them
(a body the database refuses), each is tried again alone, so that only the guilty one hears of it.
"""

import threading
from collections.abc import Callable, Sequence

from shared.errors import Conflict, Unavailable
from shared.store.append_checks import checked
from shared.store.port import Append, Appended

GROUP_LIMIT = 8 * 1024 * 1024  # bytes of bodies in one commit; what is over it leaves in the next
Outcomes = list[Appended | Conflict]
Commit = Callable[[Sequence[Append]], Outcomes]


class PendingAppends:
    """One caller's appends and what became of them. `called` is released when they are settled, or when it is this caller's lead."""

    __slots__ = ("appends", "called", "outcome", "size")

    def __init__(self, appends: Sequence[Append]) -> None:
        self.appends = appends
        self.size = sum(len(event.body) for append in appends for event in append.events)
        self.outcome: Outcomes | BaseException | None = None
        self.called = threading.Lock()
        self.called.acquire()

    def result(self) -> Outcomes:
        if isinstance(self.outcome, list):
            return self.outcome
        if isinstance(self.outcome, Unavailable):  # of a commit that others shared: each raises one of its own
            raise Unavailable(*self.outcome.args) from self.outcome
        raise self.outcome or Unavailable("the commit was interrupted")


class GroupCommit:
    """Calls `commit` with the appends of many threads, one call at a time."""

    def __init__(self, commit: Commit) -> None:
        self.commit = commit
        self.lock = threading.Lock()
        self.queue: list[PendingAppends] = []
        self.led = False

    def __call__(self, appends: Sequence[Append]) -> Outcomes:
        turn = PendingAppends([checked(append) for append in appends])
        with self.lock:
            self.queue.append(turn)
            follows, self.led = self.led, True
        if follows:
            turn.called.acquire()
        if turn.outcome is None:
            self.lead()
        return turn.result()

    def lead(self) -> None:
        with self.lock:
            group, self.queue = first_of(self.queue)
        try:
            self.settle(group)
        finally:
            self.hand_over(group)

    def hand_over(self, group: Sequence[PendingAppends]) -> None:
        """The next leader is called before the settled ones, so that its commit is already under way when they wake."""
        with self.lock:
            heir = self.queue[0] if self.queue else None
            self.led = heir is not None
        if heir is not None:
            heir.called.release()
        for turn in group:
            turn.outcome = Unavailable("the commit was interrupted") if turn.outcome is None else turn.outcome
            turn.called.release()

    def settle(self, group: Sequence[PendingAppends]) -> None:
        try:
            outcomes = self.commit([append for turn in group for append in turn.appends])
        except Exception as fault:  # noqa: BLE001  (handed to each caller, who raises it)
            if len(group) > 1 and not isinstance(fault, Unavailable):
                for turn in group:
                    self.settle([turn])
                return
            for turn in group:
                turn.outcome = fault
            return
        for turn in group:
            turn.outcome, outcomes = outcomes[: len(turn.appends)], outcomes[len(turn.appends) :]


def first_of(queue: list[PendingAppends]) -> tuple[list[PendingAppends], list[PendingAppends]]:
    """The turns of the next commit, at least one, and those that stay."""
    total = 0
    for index, turn in enumerate(queue):
        total += turn.size
        if index and total > GROUP_LIMIT:
            return queue[:index], queue[index:]
    return queue, []
