"""The facts that a figure counted at an earlier position: the rows under it as they were then.

How it works
------------
Rows of facts merge the changes of several events, and only those of now are stored. But each has the positions of its events, and the
ledger has those of the events that changed a figure. So what is read follows from what was counted, not from how long the log is:

1. The entries of the figure up to the position lead to their events, and these to every person and row that counted at some time. Whoever
   was the same person as one of them at some time belongs to it.
2. Their rows are made as they were (`past_rows`).
3. The declared question is asked of these rows alone (`rows_alone`).

The publication of a version of the definitions is one event that enters everybody who is known. Under such a version step 1 begins with
what counts now and with the entries after the position: whoever counted then is in one of them.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, select

from services.reporting.facts import tables as t
from services.reporting.facts.change import Change
from services.reporting.facts.tables import TABLES
from services.reporting.indicators.model import Indicator, Side
from services.reporting.ledger.contributions import QUARTERS
from services.reporting.ledger.entry_fold import records_of
from services.reporting.ledger.persons import EVERY_VERSION
from services.reporting.ledger.sides import CountedSide, sides
from services.reporting.projection.bulk import select_rows
from services.reporting.queries.evidence import ReadEvents, fact_rows, side_of
from services.reporting.queries.figures import FigureSet
from services.reporting.queries.past_events import PastEvents, positions_of
from services.reporting.queries.past_rows import Rows, as_they_were, same_persons, stored_of
from services.reporting.queries.rows_alone import ask, tables_of
from services.vocabulary.programme import PROGRAMME


class PastFacts:
    """The rows under the figures of a territory and quarter, as they were at the position of `figures`, before that of the tables."""

    def __init__(self, connection: Connection, figures: FigureSet, territory: str, quarter: str, read_events: ReadEvents) -> None:
        self.connection, self.figures, self.territory, self.quarter = connection, figures, territory, quarter
        self.events = PastEvents(connection, read_events, figures.position)

    def rows(self, indicator: Indicator, side: str) -> Sequence[RowMapping]:
        """The rows that a side of an indicator counted."""
        counted = sides().of[indicator.id, "denominator" if side == "denominator" else "numerator"]
        asked = side_of(indicator, side)
        changes, rows = self.leading_changes(asked, counted), Rows()
        if counted.by_row:
            (name,) = counted.tables
            keys = {change.key for change in changes if change.table == name}
            rows = as_they_were({name: select_rows(self.connection, TABLES[name], name, keys) if keys else {}}, self.events)
            records = {row["person"] for row in rows[name].values() if row.get("person") is not None}
        else:
            records = records_of([change for change in changes if change.table in counted.tables])
        stored = stored_of(self.connection, same_persons(self.connection, records), tables_of(asked) - rows.keys())
        return ask(self.connection, self.figures, asked, self.territory, self.quarter, rows | as_they_were(stored, self.events))

    def leading_changes(self, asked: Side, counted: CountedSide) -> list[Change]:
        """What the events changed that lead to all persons and rows that may have counted."""
        entries, position = self.entered(counted), t.entry.c.position
        changes = self.events.changes_at({*self.connection.scalars(entries.where(position <= self.events.position))})
        if any(change.table == t.definitions.name for change in changes):
            now = fact_rows(self.connection, self.figures, asked, self.territory, self.quarter)
            later = self.connection.scalars(entries.where(position > self.events.position))
            changes = self.events.changes_at({*later, *(min(positions_of(row["positions"])) for row in now)})
        return changes

    def entered(self, counted: CountedSide) -> Select[Any]:
        """The positions of the entries of the figure."""
        entry, within = t.entry.c, [t.entry.c.side == counted.name]
        within += [entry.version == (self.figures.version_in(self.quarter) if counted.versioned else EVERY_VERSION)]
        quarters = [each for each in QUARTERS if each <= self.quarter] if counted.cumulative else [self.quarter]
        within += [entry.quarter.in_(quarters)]  # each with its territories by the index: not all of the programme's are read
        if self.territory != PROGRAMME:
            within += [entry.territory.in_(self.figures.groupings.get(self.territory, (self.territory,)))]
        return select(entry.position).where(*within).distinct()
