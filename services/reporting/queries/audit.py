"""The audit of figures: two independent ways to each of them are compared, on one snapshot of the read models.

One way is the ledger, from which every page is read: sums that were kept up event by event. The other is the questions of the indicators,
asked of all facts at once. Where they differ, the ledger that is stored is compared with that of a fresh fold of the log: the first entry
that is not the same tells which event was entered wrongly.
"""

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, select

from services.reporting.facts.tables import TABLES, entry
from services.reporting.indicators.figure import Figure
from services.reporting.ledger.figures import read_ledger
from services.reporting.projection.read_models import ReadModels, read_checkpoint
from services.reporting.queries.figures import FigureSet, definitions_for, known_quarters
from services.reporting.queries.reports import Reports
from services.vocabulary.programme import PROGRAMME
from shared.message import Position
from shared.store.port import EventStore

ROWS_AT_ONCE = 10_000


class Difference(Struct, frozen=True):
    """A figure that the ledger and the facts give differently."""

    indicator: str
    territory: str
    quarter: str
    definitions: int
    ledger: Figure
    facts: Figure


class Entry(Struct, frozen=True):
    """By how much an event changed a count. `version` is that of the definitions; `amount` is 0 where a side keeps none."""

    position: Position
    side: str
    version: int
    quarter: str
    territory: str
    amount: int
    change: int


class WrongEntry(Struct, frozen=True):
    """The first entry that is not as a fresh fold of the log makes it. None where one of the two has none there."""

    stored: Entry | None
    folded: Entry | None


class Audit(Struct, frozen=True):
    """`compared` figures as of `position`, in every quarter and territory and under every version of the definitions."""

    position: Position
    compared: int
    differences: list[Difference]
    first_wrong_entry: WrongEntry | None = None


def audit_figures(reports: Reports, store: EventStore) -> Audit:
    """Compare every figure, and look for the first wrong entry if one differs.

    Raises:
        Refused: no definitions are published (`definitions_none`).
        Unavailable: the read models or the log cannot be reached, or the tables are not filled.
    """
    with reports.models.reading() as connection:
        position = read_checkpoint(connection, TABLES).position
        found = [*compared(reports, connection, position)]
    differences = [each for each in found if each.ledger != each.facts]
    return Audit(position, len(found), differences, first_wrong_entry(reports, store, position) if differences else None)


def compared(reports: Reports, connection: Connection, position: Position) -> Iterator[Difference]:
    """Every figure, both ways."""
    quarters, territories = known_quarters(connection), [*reports.territories, PROGRAMME]
    if not quarters:
        return
    ledger = read_ledger(connection)
    for version in definitions_for(connection, None):
        by_facts = FigureSet(connection, territories, position, version, quarters).figures
        by_ledger = FigureSet(connection, territories, position, version, quarters, ledger=ledger).figures
        for indicator, cells in by_facts.items():
            for (territory, quarter), figure in cells.items():
                yield Difference(indicator, territory, quarter, version, by_ledger[indicator][territory, quarter], figure)


def first_wrong_entry(reports: Reports, store: EventStore, until: Position) -> WrongEntry | None:
    """The log is folded before the stored entries are read: a transaction that waited for it would be ended."""
    fresh = ReadModels()
    try:
        fresh.fold_log(store, until)
        with reports.models.reading() as live, fresh.reading() as scratch:
            pairs = zip_longest(entries(live, until), entries(scratch, until))
            return next((WrongEntry(stored, folded) for stored, folded in pairs if stored != folded), None)
    finally:
        fresh.close()


def entries(connection: Connection, until: Position) -> Iterator[Entry]:
    order: list[Any] = [entry.c[name] for name in Entry.__struct_fields__]
    statement = select(*order).where(entry.c.position <= until).order_by(*order).execution_options(yield_per=ROWS_AT_ONCE)
    for row in connection.execute(statement):
        yield Entry(*row)
