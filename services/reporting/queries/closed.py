"""The quarters that are closed: what readers of masked figures are shown, the same whenever they look.

How it works
------------
These readers see a quarter as it was known when it closed (`services.vocabulary.publication`), so that what they read on two days does not
differ by what was recorded in between. The ledger gives the figures as of the closing, under the version of the definitions that was in
force. Another version may have been published later, when the ledger had no entries for it yet: under that one the log is folded
(`closed_fold`). What was counted is kept in memory, since the log before a closing does not change. Anybody can count it again:
`parcours replay --as-of` the day of the closing.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from threading import Lock

from msgspec import Struct
from sqlalchemy import Connection

from services.reporting.facts.versions import version_in_force
from services.reporting.indicators.compute import FigureTable
from services.reporting.indicators.parameters import load_definitions
from services.reporting.ledger.figures import read_ledger
from services.reporting.projection.read_models import current_snapshot
from services.reporting.queries.closed_fold import ClosedFold
from services.reporting.queries.figures import NO_GROUPINGS, FigureSet, starts_of
from services.vocabulary.calendar import start_of_day
from services.vocabulary.programme import Groupings
from services.vocabulary.publication import closing_day, is_closed
from shared.message import START, Position
from shared.store.port import EventStore
from shared.time import Clock, now

INSTANT = timedelta(microseconds=1)  # between two times of recording


class ClosedQuarter(Struct, frozen=True):
    """The figures of one quarter at its closing, by version of the definitions; `version` was in force."""

    quarter: str
    position: Position
    recorded: str | None
    version: int
    figures: dict[int, FigureTable]


class ClosedQuarters:
    def __init__(self, store: EventStore, territories: Sequence[str], groupings: Groupings = NO_GROUPINGS, clock: Clock = now) -> None:
        self.store, self.territories, self.groupings, self.clock = store, territories, groupings, clock
        self.lock = Lock()
        self.found: dict[str, ClosedQuarter] = {}
        self.fold = ClosedFold(store, territories, groupings)

    def of(
        self, live: Connection, quarters: Sequence[str], asked: int | None = None, until: datetime | None = None
    ) -> dict[str, ClosedQuarter]:
        """Those of the quarters that are closed now, or were at a time, with the figures of the version in force and of the one asked.

        One that the read models have not reached is left out.
        """
        with self.lock:
            reached = current_snapshot(live)[1]
            closed = [self.closed(live, quarter) for quarter in quarters if is_closed(quarter, until or self.clock())]
            known = [one for one in closed if one is not None and one.position <= reached]
            for one in known:
                for version in {one.version, asked or one.version} - one.figures.keys():
                    one.figures[version] = self.figures(live, one, version)
            return {one.quarter: one for one in known}

    def closed(self, live: Connection, quarter: str) -> ClosedQuarter | None:
        """A quarter that is closed, and what was known then. None while no definitions are published."""
        if quarter not in self.found and (published := load_definitions(live)):
            position = self.store.position_at(start_of_day(closing_day(quarter)) - INSTANT)
            recorded = [event.recordedtime.isoformat() for event in (self.store.read_at([position]) if position != START else ())]
            known = load_definitions(live, as_of=position)
            version = version_in_force(starts_of(known), quarter) if known else min(published)
            self.found[quarter] = ClosedQuarter(quarter, position, recorded[0] if recorded else None, version, {})
        return self.found.get(quarter)

    def figures(self, live: Connection, closed: ClosedQuarter, version: int) -> FigureTable:
        ledger = read_ledger(live, closed.position)
        if version not in load_definitions(live, as_of=closed.position) or version in ledger.incomplete:
            return self.fold.figures(live, closed.quarter, version)
        return FigureSet(live, self.territories, closed.position, version, [closed.quarter], self.groupings, ledger).figures
