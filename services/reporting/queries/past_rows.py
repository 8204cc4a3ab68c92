"""Rows of facts as they were at an earlier position, from the stored ones and the events that changed them."""

from collections.abc import Collection, Iterable

from sqlalchemy import Connection

from services.reporting.facts import tables as t
from services.reporting.facts.fold import complete_row, empty_rows, fold
from services.reporting.facts.tables import KEY_COLUMNS, TABLES, Key, Row
from services.reporting.projection.bulk import rows_where
from services.reporting.queries.past_events import PastEvents, positions_of

Rows = dict[str, dict[Key, Row]]  # by table and key


def same_persons(connection: Connection, records: Iterable[str]) -> set[str]:
    """These records, and all that were one person with one of them at some time."""
    found, new = set[str](), {*records}
    while new:
        found |= new
        keys = [(record,) for record in new]
        rows = [row for side in ("person", "kept") for row in rows_where(connection, t.person_merge, "person_merge", [side], keys)]
        new = {record for row in rows for record in (row["person"], row["kept"])} - found
    return found


def stored_of(connection: Connection, records: Collection[str], tables: Iterable[str]) -> Rows:
    """The rows about these records, as they are now."""
    keys, found = [(record,) for record in records], Rows()
    for name in tables:
        rows = rows_where(connection, TABLES[name], name, ["person"], keys) if keys else []
        found[name] = {tuple(row[column] for column in KEY_COLUMNS[name]): row for row in rows}
    return found


def as_they_were(stored: Rows, events: PastEvents) -> Rows:
    """One whose events are all at or before the position is as it was. Any other is folded again, from those of its events that are."""
    rows = [(name, key, positions_of(row["positions"])) for name, each in stored.items() for key, row in each.items()]
    changed = {(name, key) for name, key, positions in rows if max(positions) > events.position}
    changed |= {(change.table, change.key) for change in events.changes_at(()) if change.table in stored}  # of restored events
    if not changed:
        return stored
    past = {at for name, key, positions in rows if (name, key) in changed for at in positions if at <= events.position}
    read = events.read({*past, *events.restored})
    folded = fold(empty_rows(), ((at, [each for each in changes if (each.table, each.key) in changed]) for at, changes in read))
    found = {name: {key: row for key, row in each.items() if (name, key) not in changed} for name, each in stored.items()}
    for name, again in folded.items():
        if again:
            found[name] |= {key: complete_row(name, key, None, row) for key, row in again.items()}
    return found
