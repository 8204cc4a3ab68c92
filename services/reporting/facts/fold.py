"""The fold: from events to the rows of the tables of facts. Pure; it reads no table.

How it works
------------
    event ──changes_of──> changes ──fold──> rows in memory ──complete_row──> rows of the tables

1. `changes_of` finds the reader for the event's type. The reader decodes the fields that it needs and returns changes; a change
   sets some columns of one row, named by its table and its primary key. An event that was recorded after the end of its quarter
   also gives a row of `late`. Events of any other type change nothing.
2. `fold` merges the changes in memory, in the order of the log: a later value of a column replaces an earlier one, and each row
   collects the positions of the events that changed it. These positions are the evidence of every figure.
3. When the rows are written (`projection.fact_batch`), `complete_row` puts them on the stored rows.

Law: the tables are the same however the log is cut into batches. This holds because a change depends on its event alone, never
on a stored row, so that folding a batch and then completing the rows is the same as applying its events one at a time. It lets a
live batch, a rebuild and a replay share this code, and write as often as suits each of them
(tests/contract/read_models/test_read_models.py checks it with random cuts).

To add a fact: give its table in `tables.py`, write a reader in the module of its subject and list it in the READERS of that module.
"""

from collections.abc import Iterable

from services.reporting.facts import (
    decisions,
    follow_ups,
    journeys,
    loans,
    orientations,
    outcomes,
    partners,
    persons,
    referrals,
    standings,
    surveys,
    tasks,
    workshops,
)
from services.reporting.facts.change import Change, FactReader
from services.reporting.facts.lateness import late_changes
from services.reporting.facts.tables import BLANK_ROWS, KEY_COLUMNS, POSITION_SEPARATOR, TABLES, Key, Row
from shared.message import PREFIX, Position, Recorded

READERS: dict[str, FactReader] = {
    **persons.READERS,
    **orientations.READERS,
    **journeys.READERS,
    **outcomes.READERS,
    **follow_ups.READERS,
    **workshops.READERS,
    **surveys.READERS,
    **referrals.READERS,
    **partners.READERS,
    **standings.READERS,
    **loans.READERS,
    **decisions.READERS,
    **tasks.READERS,
}
READERS_BY_TYPE = {f"{PREFIX}{kind}": reader for kind, reader in READERS.items()}
RowsByTable = dict[str, dict[Key, Row]]  # table -> key -> the columns set so far, and the positions of the events that set them
EventChanges = tuple[Position, list[Change]]


def empty_rows() -> RowsByTable:
    return {name: {} for name in TABLES}


def changes_of(event: Recorded) -> EventChanges:
    """The position of an event and the changes it makes, which may be none.

    Raises:
        msgspec.ValidationError: the data lack a field that a reader needs.
    """
    reader = READERS_BY_TYPE.get(event.type)
    if reader is None:
        return event.position, late_changes(event, None)
    data = reader.decode(event.data)
    counted_on = reader.counted_on(data) if reader.counted_on else None
    return event.position, [*reader.to_changes(data, event), *late_changes(event, counted_on)]


def fold(rows: RowsByTable, batch: Iterable[EventChanges]) -> RowsByTable:
    """Merge the changes of events, in the order of the log, into `rows`. Returns the same `rows`."""
    for position, changes in batch:
        position_text = str(position)
        for change in changes:
            merge_change(rows[change.table], change, position_text)
    return rows


def merge_change(rows: dict[Key, Row], change: Change, position: str) -> None:
    row = rows.get(change.key)
    if row is None:
        rows[change.key] = {**change.columns, "positions": position}
        return
    row.update(change.columns)
    if row["positions"].rpartition(POSITION_SEPARATOR)[2] != position:  # an event may change one row twice
        row["positions"] += POSITION_SEPARATOR + position


def complete_row(table: str, key: Key, stored: Row | None, folded: Row) -> Row:
    """The whole row, in the order of its table's columns: the stored one (a blank one if there is none) with what was folded."""
    if stored is None:
        return blank_row(table, key) | folded
    return stored | folded | {"positions": stored["positions"] + POSITION_SEPARATOR + folded["positions"]}


def blank_row(table: str, key: Key) -> Row:
    row = BLANK_ROWS[table] | dict(zip(KEY_COLUMNS[table], key, strict=True))
    if table == "person":
        row["root"] = key[0]  # until a merge, a record represents its own person
    return row
