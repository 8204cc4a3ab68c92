"""The queries of this service, as other processes call them: answers (`answers`) in plain JSON values, and faults as values too.

A fault is returned, not raised: `{"refused": {"code", "why"}}`, `{"unavailable": why}`… (`shared.command_endpoint`).
"""

import time
from collections.abc import Callable
from threading import BoundedSemaphore, Lock
from typing import Any

import msgspec

from services.reporting.answers import to_wire
from services.reporting.change_answers import ChangesAsked
from services.reporting.list_answers import ListQuestion
from services.reporting.queries.projection_state import projection_state
from services.reporting.queries.reports import Reports
from shared.errors import Fault
from shared.message import START, Position
from shared.reply import reply_to

Reply = Any
PROJECTION = "reporting"  # the one projection, under the name of its service
WAIT_TIMEOUT_S = 3.0  # for which a reader waits until the facts reach a position
POLL_INTERVAL_S = 0.005  # between two reads of the position, shared by all waiting readers
MAX_WAITING_READERS = 8  # half of the service's workers, so that the other half can answer


class ReportQueries:
    """`head` gives the end of the log."""

    def __init__(self, reports: Reports, head: Callable[[], Position]) -> None:
        self.reports = reports
        self.head = head
        self.waiting_slots = BoundedSemaphore(MAX_WAITING_READERS)
        self.polling = Lock()
        self.polled_at = -POLL_INTERVAL_S
        self.polled_position = START

    def figures(self, *args: Any) -> Reply:
        return reply(self.reports.figures, *args)

    def committee(self, *args: Any) -> Reply:
        return reply(self.reports.committee, *args)

    def evidence(self, *args: Any) -> Reply:
        return reply(self.reports.evidence, *args)

    def timeline(self, person: str) -> Reply:
        return reply(self.reports.timeline, person)

    def projections(self) -> Reply:
        return reply(lambda: [projection_state(self.reports, PROJECTION, self.head())])

    def listing(self, question: dict[str, Any]) -> Reply:
        return reply(self.reports.listing, msgspec.convert(question, ListQuestion))

    def person(self, person: str, today: str) -> Reply:
        return reply(self.reports.person, person, today)

    def declarations(self, version: int | None = None) -> Reply:
        return reply(self.reports.declarations, version)

    def history(self, *args: Any) -> Reply:
        return reply(self.reports.history, *args)

    def changes(self, asked: dict[str, Any]) -> Reply:
        return reply(self.reports.changes, msgspec.convert(asked, ChangesAsked))

    def moved(self, after: Position, until: Position) -> Reply:
        """Waits for the facts to reach `until`, as `position` does."""
        return reply(lambda: self.reports.moved(after, min(until, self.wait_for(until))))

    def quarters(self) -> Reply:
        return reply(self.reports.quarters)

    def position(self, at_least: Position | None = None) -> Reply:
        """The position of the facts. With `at_least`, waits until they reach it, for WAIT_TIMEOUT_S at most and if a slot is free.

        So the position returned may still be lower: the caller compares.
        """
        return reply(self.wait_for, at_least)

    def wait_for(self, at_least: Position | None) -> Position:
        position = self.reports.position()
        if at_least is None or position >= at_least or not self.waiting_slots.acquire(blocking=False):
            return position
        deadline = time.monotonic() + WAIT_TIMEOUT_S
        try:
            while position < at_least and time.monotonic() < deadline:
                time.sleep(POLL_INTERVAL_S)
                position = self.poll_position()
        finally:
            self.waiting_slots.release()
        return position

    def poll_position(self) -> Position:
        """The position, read from the database once per POLL_INTERVAL_S whatever the number of waiting readers."""
        with self.polling:
            if time.monotonic() >= self.polled_at + POLL_INTERVAL_S:
                self.polled_position = self.reports.position()
                self.polled_at = time.monotonic()
            return self.polled_position


def reply(query: Callable[..., object], *args: Any) -> Reply:
    """The answer of a query, or its fault, in plain JSON values."""
    try:
        return to_wire(query(*args))
    except Fault as fault:
        return reply_to(fault)
