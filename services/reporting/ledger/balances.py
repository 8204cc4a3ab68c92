"""The balances: the sums of all entries, of which figures are made.

They are kept from time to time as they are, and the sum of the entries up to any position begins with the subtotal before it. The next
one comes after as many entries as it has rows, or LEAST_ENTRIES, however many are written at once. So subtotals take no more room than
entries, and a sum as of any position reads about twice as many rows as that of now.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from operator import itemgetter

from msgspec.structs import replace
from sqlalchemy import Connection, Table, select

from services.reporting.facts.tables import Key, balance
from services.reporting.ledger.contributions import Cell
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


def write_entries(connection: Connection, tables: Tables, entries: Sequence[Entry], *, empty: bool) -> None:
    """Write entries, and the balances that they change."""
    insert_rows(connection, tables["entry"], ((position, *cell, change) for position, cell, change in entries))
    write_balances(connection, tables["balance"], balance_changes(entries), empty=empty)


def keep_subtotals(connection: Connection, tables: Tables, entries: Sequence[Entry], checkpoint: Checkpoint, *, empty: bool) -> Checkpoint:
    """Keep subtotals among entries that are not written yet, in the order of their positions: a rebuild writes many at once."""
    missing = checkpoint.subtotal_in - len(entries)
    if not entries or missing > 0 or read_fillings(connection, tables):  # of which entries are to come at earlier positions
        return replace(checkpoint, subtotal_in=missing)
    totals: Counter[Cell] = Counter()
    if not empty:
        totals.update({(*cell,): total for *cell, total in connection.execute(select(tables[balance.name]))})
    missing = checkpoint.subtotal_in
    for position, group in groupby(entries, itemgetter(0)):
        for _, cell, change in group:
            totals[cell] += change
            missing -= 1
        if missing <= 0:
            rows = [(position, *cell, total) for cell, total in totals.items() if total]
            insert_rows(connection, tables["subtotal"], rows)
            missing = max(LEAST_ENTRIES, len(rows))
    return replace(checkpoint, subtotal_in=missing)
