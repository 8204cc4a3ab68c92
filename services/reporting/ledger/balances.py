"""The balances: the sums of all entries, of which figures are made."""

from collections import Counter
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, Table

from services.reporting.facts.tables import Key, balance
from services.reporting.ledger.entry_fold import Entry
from services.reporting.projection.bulk import delete_rows, insert_rows, select_rows


def balance_changes(entries: Iterable[Entry]) -> dict[Key, int]:
    """By how much the entries change each balance together."""
    totals: Counter[Key] = Counter()
    for entry in entries:
        totals[entry.side, entry.version, entry.quarter, entry.territory, entry.amount] += entry.change
    return {key: change for key, change in totals.items() if change}


def write_balances(connection: Connection, table: Table, changes: Mapping[Key, int], *, empty: bool) -> None:
    """Replace the balances that change. One that is zero is not stored."""
    stored = {} if empty or not changes else select_rows(connection, table, balance.name, changes)
    if stored:
        delete_rows(connection, table, balance.name, stored)
    totals = ((key, change + (stored[key]["total"] if key in stored else 0)) for key, change in changes.items())
    insert_rows(connection, table, ((*key, total) for key, total in totals if total))
