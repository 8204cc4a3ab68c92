"""A replay: fold the log up to a position into a scratch database, and answer the same queries from it."""

from threading import Lock

from services.reporting.answers import Timeline
from services.reporting.projection.database import SCRATCH_URL
from services.reporting.queries.reports import Reports
from services.vocabulary.programme import Programme
from shared.message import Position
from shared.store.port import EventStore


class Replay(Reports):
    """The reports as of a position, from the log alone: the live read models are not used, and all facts are counted."""

    has_ledger = False

    def __init__(self, store: EventStore, until: Position, programme: Programme) -> None:
        super().__init__(SCRATCH_URL, programme, store.read_at)
        self.store = store
        self.until = until
        self.timeline_lock = Lock()
        self.timeline_indexed = False
        self.models.fold_log(store, until)

    def timeline(self, person: str) -> Timeline:
        """The timeline index is built by the first call: figures do not need it, and most replays are for figures."""
        with self.timeline_lock:
            if not self.timeline_indexed:
                self.models.index_timeline(self.store, self.until)
                self.timeline_indexed = True
        return super().timeline(person)


def replay(store: EventStore, position: Position | None, programme: Programme) -> Replay:
    """Replay the log up to a position, or up to its head when None."""
    return Replay(store, store.head() if position is None else position, programme)
