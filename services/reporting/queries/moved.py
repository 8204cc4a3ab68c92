"""Which figures moved when some events were applied: the cells of their entries in the ledger, without the amounts; and of decisions.

A target moves the gap to it. A publication of definitions may move every figure, and its entries do not say which: where nothing counts
under the new version there is none, and those of persons may be entered later, at a position that was told before (`ledger.filling`).
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import product

from sqlalchemy import Connection, func, or_, select

from services.reporting.change_answers import Moved, MovedCell
from services.reporting.coded_values import TARGET_OF
from services.reporting.facts.tables import definitions, entry, target
from services.reporting.ledger.persons import EVERY_VERSION
from services.reporting.ledger.sides import sides
from services.reporting.queries.figures import known_quarters
from services.vocabulary.programme import PROGRAMME
from shared.message import Position

ANONYMOUS = {"answer", "survey_redemption"}  # the tables of what is recorded without a name
COUNTED = (entry.c.side, entry.c.version, entry.c.quarter, entry.c.territory)


def moved(connection: Connection, after: Position, until: Position, territories: Sequence[str], *, by_event: bool = False) -> Moved:
    """Of the events after a position, up to another one. What one of them adds and the next takes away did not move, unless `by_event`."""
    within = (entry.c.position > after, entry.c.position <= until)
    groups = (*COUNTED, entry.c.amount, *([entry.c.position] if by_event else []))
    rows = connection.execute(select(*COUNTED).distinct().where(*within).group_by(*groups).having(func.sum(entry.c.change) != 0))
    cells = {cell for row in rows for cell in moved_cells(*row)}
    cells |= {*of_publications(connection, after, until, territories), *of_targets(connection, after, until, territories)}
    return Moved(until, sorted(cells, key=lambda cell: (cell.indicator, cell.territory, cell.quarter, cell.definitions or EVERY_VERSION)))


def window_end(connection: Connection, after: Position, until: Position, limit: int) -> Position:
    """The position of the `limit`-th entry after a position, or `until` if that comes first: entries of one event stay together."""
    entries = select(entry.c.position).where(entry.c.position > after, entry.c.position <= until).order_by(entry.c.position)
    last: Position | None = connection.scalar(entries.offset(limit - 1).limit(1))
    return until if last is None else last


def of_publications(connection: Connection, after: Position, until: Position, territories: Sequence[str]) -> Iterator[MovedCell]:
    """Before the first there is no figure."""
    first = select(func.min(definitions.c.published_at)).scalar_subquery()
    at = definitions.c.published_at
    for version in connection.scalars(select(definitions.c.version).where(at > after, at <= until, at > first)).all():
        for quarter, territory in product(known_quarters(connection), territories):
            for side in sides().name.values():
                yield from moved_cells(side.name, version if side.versioned else EVERY_VERSION, quarter, territory)


def of_targets(connection: Connection, after: Position, until: Position, territories: Sequence[str]) -> Iterator[MovedCell]:
    """A target of the programme is that of every territory without one of its own."""
    decided = [(column > after) & (column <= until) for column in (target.c.position, target.c.set_aside_at)]
    for row in connection.execute(select(target.c.indicator, target.c.territory, target.c.from_quarter).where(or_(*decided))):
        for indicator in (gap for gap, measured in TARGET_OF.items() if measured == row.indicator):
            for territory in territories if row.territory == PROGRAMME else (row.territory,):
                yield MovedCell(indicator, territory, row.from_quarter, onwards=True, definitions=None, anonymous=False)


def moved_cells(name: str, version: int, quarter: str, territory: str) -> Iterator[MovedCell]:
    """One for each indicator that counts a side."""
    side, known = sides().name[name], None if version == EVERY_VERSION else version
    for indicator in indicators_of_sides()[name]:
        yield MovedCell(indicator, territory, quarter, side.cumulative, known, not ANONYMOUS.isdisjoint(side.tables))


@cache
def indicators_of_sides() -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = {}
    for (indicator, _), side in sides().of.items():
        found.setdefault(side.name, []).append(indicator)
    return found
