"""Closed quarters under a version of the definitions that was published after their closing: counted over facts.

The log is folded into a scratch database and stops at the closing. The quarters are asked in any order, mostly from the first to the
last: then the fold goes on from one closing to the next.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from services.reporting.facts import tables as t
from services.reporting.indicators.compute import FigureTable
from services.reporting.projection.read_models import ReadModels
from services.reporting.projection.set_aside import NONE, SetAside, set_aside
from services.reporting.queries.figures import FigureSet
from services.vocabulary.calendar import start_of_day
from services.vocabulary.programme import Groupings
from services.vocabulary.publication import closing_day
from services.vocabulary.set_aside import STREAM
from shared.message import START, Position, Recorded
from shared.store.port import EventStore

PAGE_SIZE = 8_192  # events
VERSIONED = (t.definitions, t.outcome_class)


class ClosedFold:
    def __init__(self, store: EventStore, territories: Sequence[str], groupings: Groupings) -> None:
        self.store, self.territories, self.groupings = store, territories, groupings
        self.start_over(NONE)

    def start_over(self, aside: SetAside) -> None:
        self.models = ReadModels(with_ledger=False)
        self.position: Position = START
        self.end: datetime | None = None
        self.aside = aside

    def figures(self, live: Connection, quarter: str, version: int) -> FigureTable:
        """The figures of a quarter as its facts were known at its closing. `live` has the definitions."""
        self.fold_until(start_of_day(closing_day(quarter)))
        with self.models.engine.connect() as connection:  # never committed: later versions are there for the time of the count
            for table in VERSIONED:
                connection.execute(delete(table))
                if rows := [dict(row) for row in live.execute(select(table)).mappings()]:
                    connection.execute(insert(table), rows)
            connection.execute(update(t.definitions).values(published_at=START))
            found = FigureSet(connection, self.territories, self.position, version, [quarter], self.groupings).figures
            connection.rollback()
        return found

    def fold_until(self, end: datetime) -> None:
        """Fold what was recorded before `end`."""
        aside = self.set_aside_before(end)
        if aside != self.aside or (self.end and end < self.end):  # what is folded already may not count, or not yet
            self.models.close()
            self.start_over(aside)
        self.end = end
        while page := self.store.read_as(Recorded, self.position, PAGE_SIZE):
            events = [event for event in page if event.recordedtime < end]
            if events:
                self.models.apply(events, aside)
                self.position = events[-1].position
            if len(events) < len(page):
                return

    def set_aside_before(self, end: datetime) -> SetAside:
        """What was set aside by then."""
        decided = [event.position for event in self.store.read_stream(STREAM) if event.recordedtime < end]
        return set_aside(self.store, max(decided, default=START))
