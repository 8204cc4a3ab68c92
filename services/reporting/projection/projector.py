"""The read models as the reporting service keeps them up to date with its log: what its `ProjectionInbox` works on."""

import logging
from collections.abc import Callable, Sequence

from services.reporting.projection.checkpoint import belongs_to_log
from services.reporting.projection.damage import DamagedReadModels
from services.reporting.projection.read_models import NotFilled, OtherVersion
from services.reporting.projection.set_aside import SetAside, set_aside, sets_aside
from services.reporting.projection.status import ProjectionStatus
from services.reporting.queries.reports import Reports
from shared.errors import Fault, Refused, Unavailable
from shared.message import START, EventMessage, Position
from shared.store.port import EventStore

log = logging.getLogger(__name__)

SERVICE = "reporting"


class AnotherLog(Unavailable):
    """The log is not the one that was folded."""


def nothing() -> None:
    pass


class Projector:
    """Implements `ProjectionStore` of `shared/bus/projection_inbox.py`. Every method blocks.

    `when_filled` is called after tables that were empty, or of another version, are filled: an upgrade has come so far.
    """

    def __init__(self, reports: Reports, store: EventStore, when_filled: Callable[[], object] = nothing) -> None:
        self.reports = reports
        self.store = store
        self.when_filled = when_filled
        self.status = ProjectionStatus(reports.models, SERVICE)

    def position(self) -> Position:
        self.reports.models.check()
        return self.reports.position()

    def apply(self, events: Sequence[EventMessage]) -> Position:
        """Fold events. One that cannot be folded is passed over if it is set aside, be it later in the log."""
        if sets_aside(events):
            return self.rebuild()
        try:
            return self.reports.apply(events)
        except Fault:
            raise
        except Exception:
            aside = set_aside(self.store, events[-1].position)
            if aside.later.isdisjoint(event.position for event in events):
                raise
            return self.reports.apply(events, SetAside(later=aside.later))

    def checkpoint(self) -> Position:
        """The position of the read models, ready to go on from. If they are empty, damaged or of another version,
        rebuilds them from the log.

        Raises:
            AnotherLog: events of this log must not be added to figures of another one, and dropping those figures is the operator's
                decision (`parcours rebuild`).
        """
        if self.reports.models.damage:
            self.reports.models.renew()
        try:
            checkpoint = self.reports.checkpoint()
        except DamagedReadModels:
            return self.rebuild()
        except (OtherVersion, NotFilled):
            return self.fill()
        if checkpoint.position == START and self.store.head() != START:
            return self.fill()
        if not belongs_to_log(checkpoint, self.store.read_at([checkpoint.position])):
            raise AnotherLog(f"the read models are at position {checkpoint.position} of another log: see `parcours rebuild`")
        return checkpoint.position

    def fill(self) -> Position:
        position = self.rebuild()
        log.warning("The read models of this version are filled, up to position %s.", position)
        self.when_filled()
        return position

    def rebuild(self) -> Position:
        try:
            return self.reports.rebuild(self.store)
        except Refused as fault:  # a later rebuild took over: try again, and find its tables when it is done
            raise Unavailable(str(fault)) from fault

    def record_stop(self, position: Position, kind: str, reason: str) -> None:
        self.status.record_stop(position, kind, reason)

    def record_running(self) -> None:
        self.status.record_running()

    def may_resume(self) -> bool:
        """True once after the operator's request, and as long as nothing is stopped: another process or a rebuild applied the event."""
        stop = self.status.stop()
        if stop is None or stop.is_over(self.position()):
            return True
        return stop.retry_requested and self.status.take_retry_request()
