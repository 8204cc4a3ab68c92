"""The quarters that are closed: what readers of masked figures are shown, counted once and for all.

How it works
------------
These readers see a quarter as it was known when it closed (`services.vocabulary.publication`), so that what they read on two days does not
differ by what was recorded in between. The log is folded into a scratch database and stops at each closing to count the figures. They
are kept in memory: the log before a closing does not change, so each is counted once in the life of a process, and anybody can count it
again: `parcours replay --as-of` the day of the closing.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from threading import Lock

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, RowMapping, delete, insert, select

from services.reporting.facts import tables as t
from services.reporting.facts.versions import version_in_force
from services.reporting.indicators.compute import FigureTable
from services.reporting.projection.read_models import ReadModels
from services.reporting.projection.set_aside import NONE, SetAside, set_aside
from services.reporting.queries.figures import NO_GROUPINGS, FigureSet
from services.vocabulary.calendar import start_of_day
from services.vocabulary.programme import Groupings
from services.vocabulary.publication import closing_day, is_closed
from services.vocabulary.set_aside import STREAM
from shared.message import START, Position, Recorded
from shared.store.port import EventStore
from shared.time import Clock, now

PAGE_SIZE = 8_192  # events
VERSIONED = (t.definitions, t.outcome_class)


class ClosedQuarter(Struct, frozen=True):
    """The figures of one quarter at its closing, by version of the definitions; `version` was in force."""

    quarter: str
    position: Position
    recorded: str | None
    version: int
    figures: dict[int, FigureTable]


class StartOf(Struct):
    """A version of the definitions, and its first quarter."""

    version: int
    from_quarter: str | None = None


class ClosedQuarters:
    def __init__(self, store: EventStore, territories: Sequence[str], groupings: Groupings = NO_GROUPINGS, clock: Clock = now) -> None:
        self.store, self.territories, self.groupings, self.clock = store, territories, groupings, clock
        self.lock = Lock()
        self.start_over(frozenset())

    def start_over(self, versions: frozenset[int]) -> None:
        """Forget everything: another version of the definitions was published, under which each quarter is counted too."""
        self.models = ReadModels(with_ledger=False)
        self.versions = versions
        self.found: dict[str, ClosedQuarter] = {}
        self.position: Position = START
        self.recorded: str | None = None
        self.aside = NONE

    def of(self, live: Connection, quarters: Sequence[str]) -> dict[str, ClosedQuarter]:
        """Those of the quarters that are closed now. `live` has the definitions."""
        with self.lock:
            versions = frozenset(live.execute(select(t.definitions.c.version)).scalars())
            if versions != self.versions or any(
                quarter < max(self.found, default="") and quarter not in self.found for quarter in quarters
            ):
                self.start_over(versions)
            rows = {table.name: live.execute(select(table)).mappings().all() for table in VERSIONED}
            today = self.clock()
            for quarter in quarters:
                end = start_of_day(closing_day(quarter))
                if quarter not in self.found and is_closed(quarter, today) and versions:
                    self.fold_until(end)
                    self.found[quarter] = self.close(quarter, rows)
            return {quarter: self.found[quarter] for quarter in quarters if quarter in self.found}

    def fold_until(self, end: datetime) -> None:
        """Fold what was recorded before `end`."""
        aside = self.set_aside_before(end)
        if aside != self.aside:  # an event that is folded already may be among them: from the beginning
            self.models, self.position, self.aside = ReadModels(with_ledger=False), START, aside
        while page := self.store.read_as(Recorded, self.position, PAGE_SIZE):
            events = [event for event in page if event.recordedtime < end]
            if events:
                self.models.apply(events, aside)
                self.position, self.recorded = events[-1].position, events[-1].recordedtime.isoformat()
            if len(events) < len(page):
                return

    def set_aside_before(self, end: datetime) -> SetAside:
        """What was set aside by then."""
        decided = [event.position for event in self.store.read_stream(STREAM) if event.recordedtime < end]
        return set_aside(self.store, max(decided, default=START))

    def close(self, quarter: str, rows: Mapping[str, Sequence[RowMapping]]) -> ClosedQuarter:
        """Count a quarter under every version of the definitions."""
        with self.models.engine.connect() as connection:  # never committed: later versions are there for the time of the count
            version = self.version_known(connection, quarter)
            for table in VERSIONED:
                connection.execute(delete(table))
                if rows[table.name]:
                    connection.execute(insert(table), [dict(row) for row in rows[table.name]])
            figures = {
                version: FigureSet(connection, self.territories, self.position, version, [quarter], self.groupings).figures
                for version in self.versions
            }
            connection.rollback()
        return ClosedQuarter(quarter, self.position, self.recorded, version, figures)

    def version_known(self, connection: Connection, quarter: str) -> int:
        """The version in force in a quarter, of those published before its closing; the first one, if there was none yet."""
        bodies = connection.execute(select(t.definitions.c.body)).scalars()
        known = [msgspec.json.decode(body, type=StartOf) for body in bodies]
        return version_in_force({one.version: one.from_quarter for one in known}, quarter) if known else min(self.versions)
