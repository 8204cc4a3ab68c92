"""Before a rebuild replaces the live tables, the counts of both are compared: every balance of the ledger.

The same code makes the same counts of the same log. Where they differ, somebody changed a row, or code that applied events one by one was
wrong: an error is logged, which names the cell. The counts of the rebuild come from the log alone, and replace the others.
"""

import logging
from collections.abc import Mapping

from sqlalchemy import Connection, func, select

from services.reporting.facts.tables import CELL, TABLES
from services.reporting.ledger.contributions import Cell
from services.reporting.ledger.filling import read_fillings
from services.reporting.projection.schema import Tables
from shared.message import Position

log = logging.getLogger(__name__)

NAMED = 10  # differences that are logged, each with its cell
Counts = Mapping[Cell, int]


def compare_with_live(connection: Connection, rebuilt: Tables, position: Position) -> None:
    """Log how the counts of a rebuild differ from those of the live tables, as of the position of these.

    Versions of the definitions that are being filled there are left out.
    """
    incomplete = {filling.version for filling in read_fillings(connection)}
    every = different(counts(connection, TABLES), counts_as_of(connection, rebuilt, position))
    differences = [(cell, both) for cell, both in every if cell[1] not in incomplete]
    if not differences:
        log.info("The rebuild counts as the live tables do, as of position %s.", position)
        return
    log.error("The rebuild counts otherwise than the live tables in %s cells, as of position %s.", len(differences), position)
    for cell, (live, found) in differences[:NAMED]:
        log.error("%s, definitions %s, %s, %s, amount %s: the live tables counted %s, the log gives %s.", *cell, live, found)


def different(live: Counts, rebuilt: Counts) -> list[tuple[Cell, tuple[int, int]]]:
    """The cells that are not the same, each with what both count there."""
    both = ((cell, (live.get(cell, 0), rebuilt.get(cell, 0))) for cell in sorted({*live, *rebuilt}))
    return [(cell, (one, other)) for cell, (one, other) in both if one != other]


def counts(connection: Connection, tables: Tables) -> dict[Cell, int]:
    return {(*cell,): total for *cell, total in connection.execute(select(tables["balance"]))}


def counts_as_of(connection: Connection, tables: Tables, position: Position) -> dict[Cell, int]:
    """The balances without the entries after a position."""
    found, entry = counts(connection, tables), tables["entry"].c
    cell = [entry[name] for name in CELL]
    for *later, change in connection.execute(select(*cell, func.sum(entry.change)).where(entry.position > position).group_by(*cell)):
        found[*later,] = found.get((*later,), 0) - int(change)
    return found
