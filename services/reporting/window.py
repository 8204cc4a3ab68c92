"""What may be asked of reporting from another process: models as they are, and faults as answers that name themselves."""

import time
from collections.abc import Callable
from typing import Any

from services.reporting.quarter import Reporting
from shared.desk import answer_to
from shared.errors import Fault
from shared.message import Position

Model = Any
PATIENCE = 3.0  # seconds that a reader waits for the facts to reach a position
PAUSE = 0.005


class Window:
    def __init__(self, reporting: Reporting) -> None:
        self.reporting = reporting

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
        """Where the facts stand; with `at_least`, once they stand there or PATIENCE has run out: the caller compares."""
        return answered(self.reached, at_least)

    def reached(self, at_least: Position | None) -> Position:
        until = time.monotonic() + PATIENCE
        position = self.reporting.position()
        while at_least is not None and position < at_least and time.monotonic() < until:
            time.sleep(PAUSE)
            position = self.reporting.position()
        return position


def answered(ask: Callable[..., Model], *asked: Any) -> Model:
    try:
        return ask(*asked)
    except Fault as fault:
        return answer_to(fault)
