"""Replay: the log alone, folded again up to a position into a scratch database, and asked the same questions."""

from services.reporting.quarter import Programme, Reporting, scratch
from services.reporting.read_models import BATCH
from shared.message import START, Position
from shared.store.port import EventStore, pages


def replay(store: EventStore, position: Position | None, programme: Programme) -> Reporting:
    """What the log said at `position` (its head when None). Nothing of the live read models is used."""
    report = scratch(programme)
    for page in pages(store, START, store.head() if position is None else position, BATCH):
        report.apply(page)
    return report
