"""Replay: the log alone, folded again up to a position into a scratch database, and asked the same questions."""

from threading import Lock
from typing import Any

from services.reporting.projection.database import SCRATCH_URL
from services.reporting.queries.reports import Programme, Reports
from shared.message import Position
from shared.store.port import EventStore


class Replay(Reports):
    """What the log said at one position. Nothing of the live read models is used."""

    def __init__(self, store: EventStore, until: Position, programme: Programme) -> None:
        super().__init__(SCRATCH_URL, programme, store.read_at)
        self.store = store
        self.until = until
        self.telling = Lock()
        self.told = False
        self.models.fold_log(store, until)

    def timeline(self, person: str) -> dict[str, Any]:
        """Figures need no timeline and most replays are asked for figures: its lines are looked for when one is asked for."""
        with self.telling:
            if not self.told:
                self.models.index_timeline(self.store, self.until)
                self.told = True
        return super().timeline(person)


def replay(store: EventStore, position: Position | None, programme: Programme) -> Replay:
    """The log at `position`, or at its head when None."""
    return Replay(store, store.head() if position is None else position, programme)
