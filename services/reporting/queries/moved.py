"""Which figures moved when some events were applied: the cells of their entries in the ledger, without the amounts."""

from sqlalchemy import Connection, func, select

from services.reporting.change_answers import Moved, MovedCell
from services.reporting.facts.tables import entry
from services.reporting.ledger.persons import EVERY_VERSION
from services.reporting.ledger.sides import sides
from shared.message import Position

ANONYMOUS = {"answer", "survey_redemption"}  # the tables of what is recorded without a name
COUNTED = (entry.c.side, entry.c.version, entry.c.quarter, entry.c.territory)


def moved(connection: Connection, after: Position, until: Position, *, by_event: bool = False) -> Moved:
    """Of the events after a position, up to another one. What one of them adds and the next takes away did not move, unless `by_event`."""
    within = (entry.c.position > after, entry.c.position <= until)
    groups = (*COUNTED, entry.c.amount, *([entry.c.position] if by_event else []))
    rows = connection.execute(select(*COUNTED).distinct().where(*within).group_by(*groups).having(func.sum(entry.c.change) != 0))
    indicators: dict[str, list[str]] = {}
    for (indicator, _), side in sides().of.items():
        indicators.setdefault(side.name, []).append(indicator)
    cells = {(indicator, row.territory, row.quarter, row.version, row.side) for row in rows for indicator in indicators[row.side]}
    return Moved(until, [*dict.fromkeys(moved_cell(*cell) for cell in sorted(cells))])


def window_end(connection: Connection, after: Position, until: Position, limit: int) -> Position:
    """The position of the `limit`-th entry after a position, or `until` if that comes first: entries of one event stay together."""
    entries = select(entry.c.position).where(entry.c.position > after, entry.c.position <= until).order_by(entry.c.position)
    last: Position | None = connection.scalar(entries.offset(limit - 1).limit(1))
    return until if last is None else last


def moved_cell(indicator: str, territory: str, quarter: str, version: int, name: str) -> MovedCell:
    side = sides().name[name]
    definitions = None if version == EVERY_VERSION else version
    return MovedCell(indicator, territory, quarter, side.cumulative, definitions, not ANONYMOUS.isdisjoint(side.tables))
