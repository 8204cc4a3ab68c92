"""Leader and followers: concurrent appends of one process leave in one commit.

A commit costs one flush to disk however many appends it holds. So a thread that finds another one committing does not queue for a
commit of its own: it leaves its ticket, and the next thread that gets its turn (the leader) takes every ticket that has gathered.
The followers wake with their answers already there. Nobody waits for company: a lone writer commits at once.
"""

import threading
from collections.abc import Callable, Sequence

from shared.errors import Conflict
from shared.store.port import Append, Appended

Outcome = Appended | Conflict
Write = Callable[[Sequence[Append]], Sequence[Outcome]]


class Ticket:
    def __init__(self, appends: Sequence[Append]) -> None:
        self.appends = appends
        self.outcomes: list[Outcome] | None = None
        self.fault: Exception | None = None

    @property
    def settled(self) -> bool:
        return self.outcomes is not None or self.fault is not None

    def result(self) -> list[Outcome]:
        if self.fault is not None:
            raise self.fault
        assert self.outcomes is not None
        return self.outcomes


class GroupCommit:
    """Calls `write` with the appends of many threads; `write` commits them all or raises, and answers each in its place."""

    def __init__(self, write: Write) -> None:
        self.write = write
        self.turn = threading.Lock()
        self.mutex = threading.Lock()
        self.waiting: list[Ticket] = []

    def __call__(self, appends: Sequence[Append]) -> list[Outcome]:
        ticket = Ticket(appends)
        with self.mutex:
            self.waiting.append(ticket)
        with self.turn:
            if not ticket.settled:
                self.lead()
        return ticket.result()

    def lead(self) -> None:
        with self.mutex:
            tickets, self.waiting = self.waiting, []
        try:
            outcomes = iter(self.write([append for ticket in tickets for append in ticket.appends]))
            for ticket in tickets:
                ticket.outcomes = [next(outcomes) for _ in ticket.appends]
        except Exception as fault:  # noqa: BLE001 - whatever it is, every thread that left a ticket must hear it
            for ticket in tickets:
                ticket.fault = fault
