"""What may be asked of reporting from another process: models as they are, and faults as answers that name themselves."""

import time
from collections.abc import Callable
from threading import BoundedSemaphore, Lock
from typing import Any

from services.reporting.queries.reports import Reports
from shared.errors import Fault
from shared.message import START, Position
from shared.reply import reply_to

Model = Any
PATIENCE = 3.0  # seconds that a reader waits for the facts to reach a position
PAUSE = 0.005  # seconds between two looks, one for all who wait
WAITING = 8  # readers who may wait at once: the workers of the service are twice as many, and the others answer


class ReportQueries:
    def __init__(self, reporting: Reports) -> None:
        self.reporting = reporting
        self.places = BoundedSemaphore(WAITING)
        self.looking = Lock()
        self.looked = -PAUSE
        self.seen = START

    def figures(self, *asked: Any) -> Model:
        return answered(self.reporting.figures, *asked)

    def committee(self, *asked: Any) -> Model:
        return answered(self.reporting.committee, *asked)

    def evidence(self, *asked: Any) -> Model:
        return answered(self.reporting.evidence, *asked)

    def timeline(self, person: str) -> Model:
        return answered(self.reporting.timeline, person)

    def quarters(self) -> Model:
        return answered(self.reporting.quarters)

    def position(self, at_least: Position | None = None) -> Model:
        """Where the facts stand; with `at_least`, once they stand there, unless PATIENCE runs out or too many wait: the caller compares."""
        return answered(self.reached, at_least)

    def reached(self, at_least: Position | None) -> Position:
        position = self.reporting.position()
        if at_least is None or position >= at_least or not self.places.acquire(blocking=False):
            return position
        until = time.monotonic() + PATIENCE
        try:
            while position < at_least and time.monotonic() < until:
                time.sleep(PAUSE)
                position = self.look()
        finally:
            self.places.release()
        return position

    def look(self) -> Position:
        with self.looking:
            if time.monotonic() >= self.looked + PAUSE:
                self.seen = self.reporting.position()
                self.looked = time.monotonic()
            return self.seen


def answered(ask: Callable[..., Model], *asked: Any) -> Model:
    try:
        return ask(*asked)
    except Fault as fault:
        return reply_to(fault)
