"""The question of a side, asked of some rows alone, which are put in a scratch database: the same SQL as of all that are stored."""

from collections.abc import Mapping, Sequence
from functools import cache

from sqlalchemy import Connection, Engine, RowMapping, select
from sqlalchemy.sql import visitors

from services.reporting.facts import tables as t
from services.reporting.facts.tables import BLANK_ROWS, TABLES, Key, Row
from services.reporting.indicators.model import Side
from services.reporting.ledger.selects import is_stored, stored_name
from services.reporting.projection.bulk import insert_rows
from services.reporting.projection.database import SCRATCH_URL, open_engine
from services.reporting.projection.merged_persons import update_roots
from services.reporting.queries.evidence import fact_rows
from services.reporting.queries.figures import FigureSet
from shared.address import Address

REFERENCE = {t.quarter.name, t.outcome_class.name}  # tables that are asked with the rows, and are the same for all of them


@cache
def tables_of(side: Side) -> frozenset[str]:
    """The stored tables that a side reads, with that of persons: records of one person count as one."""
    read = {stored_name(element) for element in visitors.iterate(side) if is_stored(element)}
    return frozenset({*read, t.person.name} - REFERENCE)


def ask(
    stored: Connection, figures: FigureSet, side: Side, territory: str, quarter: str, rows: Mapping[str, Mapping[Key, Row]]
) -> Sequence[RowMapping]:
    """The rows of the side among these, under the definitions of the quarter, which are `stored`."""
    classes = stored.execute(select(t.outcome_class).where(t.outcome_class.c.version == figures.version_in(quarter))).all()
    quarters = stored.execute(select(t.quarter).where(t.quarter.c.id == quarter)).all()
    with scratch().connect() as connection:  # never committed: the next question finds no table
        for name in (*rows, *REFERENCE):
            TABLES[name].create(connection)
        for name, each in rows.items():
            insert_rows(connection, TABLES[name], (tuple(row[column] for column in BLANK_ROWS[name]) for row in each.values()))
        insert_rows(connection, t.outcome_class, map(tuple, classes))
        insert_rows(connection, t.quarter, map(tuple, quarters))
        update_roots(connection, t.person)
        return fact_rows(connection, figures, side, territory, quarter)


@cache
def scratch() -> Engine:
    """A database in memory, which callers use in turn. It is kept for the statements that are compiled for it."""
    return open_engine(Address(SCRATCH_URL), None)
