"""The balances: the sums of all entries, of which figures are made.

They are kept from time to time as they are, and the sum of the entries up to any position begins with the subtotal before it. The next
one comes after as many entries as it has rows. So subtotals take as much room as entries, and a sum as of any position reads at most
twice as many rows as that of now.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from msgspec.structs import replace
from sqlalchemy import BigInteger, Connection, Table, insert, literal, select

from services.reporting.facts.tables import Key, balance
from services.reporting.ledger.entry_fold import Entry
from services.reporting.ledger.filling import read_fillings
from services.reporting.projection.bulk import delete_rows, insert_rows, select_rows
from services.reporting.projection.checkpoint import Checkpoint
from services.reporting.projection.schema import Tables

LEAST_ENTRIES = 1_000  # between two subtotals


def balance_changes(entries: Iterable[Entry]) -> dict[Key, int]:
    """By how much the entries change each balance together."""
    totals: defaultdict[Key, int] = defaultdict(int)
    for _, cell, change in entries:
        totals[cell] += change
    return {key: change for key, change in totals.items() if change}


def write_balances(connection: Connection, table: Table, changes: Mapping[Key, int], *, empty: bool) -> None:
    """Replace the balances that change. One that is zero is not stored."""
    stored = {} if empty or not changes else select_rows(connection, table, balance.name, changes)
    if stored:
        delete_rows(connection, table, balance.name, stored)
    totals = ((key, change + (stored[key]["total"] if key in stored else 0)) for key, change in changes.items())
    insert_rows(connection, table, ((*key, total) for key, total in totals if total))


def write_entries(connection: Connection, tables: Tables, entries: Iterable[Entry], more: Iterable[Entry], *, empty: bool) -> int:
    """Write entries, and the balances that they change."""
    every = [*entries, *more]
    insert_rows(connection, tables["entry"], ((position, *cell, change) for position, cell, change in every))
    write_balances(connection, tables["balance"], balance_changes(every), empty=empty)
    return len(every)


def keep_subtotal(connection: Connection, tables: Tables, checkpoint: Checkpoint, written: int) -> Checkpoint:
    """Keep the balances, which are those of the checkpoint, if it is time to after so many entries more."""
    missing = checkpoint.subtotal_in - written
    if missing > 0 or not written or read_fillings(connection, tables):  # of which entries are to come at earlier positions
        return replace(checkpoint, subtotal_in=missing)
    kept, balances = tables["subtotal"], tables[balance.name]
    rows = select(literal(checkpoint.position, BigInteger), *balances.columns)
    statement = insert(kept).from_select(list(kept.columns), rows).execution_options(preserve_rowcount=True)
    return replace(checkpoint, subtotal_in=max(LEAST_ENTRIES, connection.execute(statement).rowcount))
