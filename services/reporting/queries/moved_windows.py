"""The figures that moved, window by window, as a loop publishes them (`shared.bus.relay`): as the log is read and waited for."""

import time
from collections.abc import Sequence

from services.reporting.change_answers import FiguresMoved, figures_moved
from services.reporting.queries.reports import Reports
from shared.message import Position
from shared.store.port import EventStore

POLL_INTERVAL_S = 0.02  # between two reads of the position of the read models, which follow the log closely


class MovedWindows:
    """Blocking. Every method raises Unavailable while the log or the read models are away, or are being made."""

    def __init__(self, reports: Reports, log: EventStore) -> None:
        self.reports, self.log = reports, log

    def head(self) -> Position:
        return self.log.head()

    def read_all(self, after: Position, limit: int) -> Sequence[FiguresMoved]:
        """The next window after a position, of at most `limit` entries of the ledger and the rest of the last event; it may have no cells.

        None beyond the position of the read models: what is told can be read.
        """
        found = self.reports.moved_next(after, limit)
        return [] if found is None else [figures_moved(found.position, found.cells)]

    def wait(self, after: Position, timeout: float) -> bool:
        """Wait for an event after a position, and for the read models to apply it."""
        deadline = time.monotonic() + timeout
        if not self.log.wait(after, timeout):
            return False
        while self.reports.position() <= after:
            if time.monotonic() >= deadline:
                return False
            time.sleep(POLL_INTERVAL_S)
        return True
