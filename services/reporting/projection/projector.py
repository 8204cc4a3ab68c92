"""The read models as the reporting service keeps them up with its log."""

from collections.abc import Sequence

from services.reporting.projection.checkpoint import belongs_to_log
from services.reporting.projection.read_models import OtherVersion
from services.reporting.queries.reports import Reports
from shared.errors import Refused, Unavailable
from shared.message import START, EventMessage, Position
from shared.store.port import EventStore


class AnotherLog(Unavailable):
    """The log does not hold what the facts were folded from: it was taken back, or it is another."""


class Projector:
    def __init__(self, reporting: Reports, store: EventStore) -> None:
        self.reporting = reporting
        self.store = store

    def position(self) -> Position:
        return self.reporting.position()

    def apply(self, events: Sequence[EventMessage]) -> Position:
        return self.reporting.apply(events)

    def checkpoint(self) -> Position:
        """Where the facts stand, ready to go on. Those of another version, or none yet, are made from the whole log.

        Raises AnotherLog: what it says next would be added to figures that are not its own; that these shall go is for a person to say.
        """
        try:
            reached = self.reporting.checkpoint()
        except OtherVersion:
            return self.rebuild()
        if reached.position == START and self.store.head() != START:
            return self.rebuild()
        if not belongs_to_log(reached, self.store.read_at([reached.position])):
            raise AnotherLog(f"the read models stand at {reached.position}, in another log: `parcours rebuild` makes them from this one")
        return reached.position

    def rebuild(self) -> Position:
        try:
            return self.reporting.rebuild(self.store)
        except Refused as replaced:  # somebody rebuilds at this very moment: what they make is looked at when it is there
            raise Unavailable(str(replaced)) from replaced
