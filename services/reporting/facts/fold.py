"""The fold: events in order, in; what they give to rows of facts, out. Pure, and it asks for no row that is already in a table.

For whatever the batching, the rows are the same: each change gives columns to one row, and a row remembers every position. So what a
batch gives can be put on what the table holds at the very end (`complete`).
"""

from collections.abc import Iterable

from services.reporting.facts import after, decisions, intake, journeys, outcomes, referrals
from services.reporting.facts.change import Change, Reader
from services.reporting.facts.lateness import late, lateness
from services.reporting.facts.tables import BLANK, KEYS, SEPARATOR, TABLES, Key, Row
from shared.message import PREFIX, Position, Recorded

READERS: dict[str, Reader] = {
    **intake.READERS,
    **journeys.READERS,
    **outcomes.READERS,
    **after.READERS,
    **referrals.READERS,
    **decisions.READERS,
}
BY_TYPE = {f"{PREFIX}{kind}": reader for kind, reader in READERS.items()}
Rows = dict[str, dict[Key, Row]]  # table -> key -> the columns given, and the positions of who gave them
Told = tuple[Position, list[Change]]  # a position and what its event changes


def no_rows() -> Rows:
    return {name: {} for name in TABLES}


def told(event: Recorded) -> Told:
    """The changes that an event asks for; one that no indicator reads changes no fact, unless it is late."""
    known = BY_TYPE.get(event.type)
    changes = known.say(known.decode(event.data), event) if known else []
    if days := lateness(event):
        changes = [*changes, late(event, days)]
    return event.position, changes


def fold(rows: Rows, batch: Iterable[Told]) -> Rows:
    for position, changes in batch:
        said = str(position)
        for change in changes:
            absorb(rows[change.table], change, said)
    return rows


def absorb(rows: dict[Key, Row], change: Change, position: str) -> None:
    row = rows.get(change.key)
    if row is None:
        rows[change.key] = {**change.columns, "positions": position}
        return
    row.update(change.columns)
    if row["positions"].rpartition(SEPARATOR)[2] != position:
        row["positions"] += SEPARATOR + position


def complete(table: str, key: Key, stored: Row | None, given: Row) -> Row:
    """The row as it then is: what its table holds, or else nothing yet, with what the events gave it."""
    if stored is None:
        return blank(table, key) | given
    return stored | given | {"positions": stored["positions"] + SEPARATOR + given["positions"]}


def blank(table: str, key: Key) -> Row:
    row = BLANK[table] | dict(zip(KEYS[table], key, strict=True))
    if table == "person":
        row["root"] = key[0]
    return row
