"""Why the figures of a quarter changed between two positions of the log: the events whose entries make the difference.

How it works
------------
A figure as of a position is the sum of its entries up to it (`ledger`). So the difference of two is the sum of the entries in between, and
each of these has the event that caused it. Of a cumulative figure these are the entries of the quarter and of all quarters before it: what
an event adds in one and takes away in another of them does not change it.

Where another version of the definitions came into force for the quarter in between, the entries are those of the first version until it was
published, and those of the other afterwards. Its publication itself changed a figure by the difference of both as of its position.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import ColumnElement, Connection, and_, or_, select

from services.reporting.change_answers import ChangedFigure, Changes, ChangesAsked, Move, MovingEvent
from services.reporting.facts.tables import definitions, entry
from services.reporting.facts.versions import version_in_force
from services.reporting.indicators.parameters import load_definitions
from services.reporting.ledger.figures import Ledger, read_ledger
from services.reporting.ledger.persons import EVERY_VERSION
from services.reporting.ledger.sides import CountedSide, sides
from services.reporting.queries.evidence import ReadEvents, timeline_entry
from services.reporting.queries.figures import FigureSet, starts_of
from services.vocabulary.programme import PROGRAMME
from shared.message import START, Position

ROWS_AT_ONCE = 2_000
Count = tuple[str, str, int]  # side, territory, amount


class Interval(Struct, frozen=True):
    """The events after `since` up to `until`, counted under one version. `former` is the version in force before `since`, if another."""

    since: Position
    until: Position
    version: int
    former: int | None = None


class Selection(Struct, frozen=True):
    """What changed: the figures of a quarter in some territories, of all indicators or of one."""

    quarter: str
    territories: Collection[str]
    indicator: str | None = None

    def sides(self) -> list[CountedSide]:
        named = [side for (indicator, _), side in sides().of.items() if self.indicator in (None, indicator)]
        return [*{side.name: side for side in named}.values()]


def moving(connection: Connection, selection: Selection, intervals: Sequence[Interval], limit: int) -> list[tuple[Position, list[Move]]]:
    """The events that changed a count, with what they changed, in the order of the log: `limit` of them at most."""
    found: list[tuple[Position, list[Move]]] = []
    for position, counts in changed(connection, selection, intervals):
        if moves := [move for count, change in sorted(counts.items()) if change for move in moves_of(selection, count, change)]:
            found.append((position, moves))
        if len(found) == limit:
            break
    return found


def changed(connection: Connection, selection: Selection, intervals: Sequence[Interval]) -> Iterator[tuple[Position, Counter[Count]]]:
    for interval in intervals:
        if interval.former is not None:
            yield interval.since, of_publication(connection, selection, interval)
        rows = connection.execute(entries(selection, interval).execution_options(yield_per=ROWS_AT_ONCE))
        for position, group in groupby(rows, lambda row: row.position):
            counts: Counter[Count] = Counter()
            for row in group:
                counts[row.side, row.territory, row.amount] += row.change
            yield position, counts


def entries(selection: Selection, interval: Interval) -> Any:
    columns = [entry.c[name] for name in ("position", "side", "territory", "amount", "change")]
    within = (entry.c.position > interval.since, entry.c.position <= interval.until, entry.c.version.in_([EVERY_VERSION, interval.version]))
    rows = select(*columns).where(*within, counted_in(selection)).order_by(entry.c.position)
    return rows if PROGRAMME in selection.territories else rows.where(entry.c.territory.in_(selection.territories))


def counted_in(selection: Selection) -> ColumnElement[bool]:
    """Whether an entry counts in a figure of the quarter."""
    cumulative = [side.name for side in selection.sides() if side.cumulative]
    others = [side.name for side in selection.sides() if not side.cumulative]
    in_quarter = and_(entry.c.side.in_(others), entry.c.quarter == selection.quarter)
    return or_(in_quarter, and_(entry.c.side.in_(cumulative), entry.c.quarter <= selection.quarter))


def of_publication(connection: Connection, selection: Selection, interval: Interval) -> Counter[Count]:
    """What the publication of another version changed, which is the event before the interval."""
    ledger, found = read_ledger(connection, interval.since), Counter[Count]()
    for version, sign in ((interval.version, 1), (interval.former, -1)):
        for side in (side for side in selection.sides() if side.versioned):
            for territory, counts in by_territory(ledger, side, selection, version or EVERY_VERSION):
                for amount, count in counts.items():
                    found[side.name, territory, amount] += sign * count
    return found


def by_territory(ledger: Ledger, side: CountedSide, selection: Selection, version: int) -> Iterator[tuple[str, Mapping[int, int]]]:
    known = [territory for territory in ledger.sums[side.name, version] if territory != PROGRAMME]
    wanted = known if PROGRAMME in selection.territories else [territory for territory in known if territory in selection.territories]
    for (territory, _), counts in ledger.counts(side, wanted, [selection.quarter], version).items():
        yield territory, counts


def moves_of(selection: Selection, count: Count, change: int) -> Iterator[Move]:
    """One for each indicator that counts this side."""
    name, territory, amount = count
    for (indicator, which), side in sides().of.items():
        if side.name == name and selection.indicator in (None, indicator):
            yield Move(indicator, which, territory, change, amount if side.with_amounts else None)


def intervals_between(connection: Connection, quarter: str, since: Position, until: Position, asked: int | None) -> list[Interval]:
    """The intervals of the log under one version each; one if a reader asks for a version."""
    if asked is not None:
        return [Interval(since, until, asked)]
    published = load_definitions(connection, as_of=until)
    at = {row.version: row.published_at for row in connection.execute(select(definitions.c.version, definitions.c.published_at))}
    found: list[Interval] = []
    for start, end in pairwise([since, *sorted(at[number] for number in published if since < at[number] <= until), until]):
        known = {number: one for number, one in published.items() if at[number] <= start}
        version = version_in_force(starts_of(known), quarter) if known else EVERY_VERSION
        if found and found[-1].version == version:
            found[-1] = replace(found[-1], until=end)
        else:
            found.append(Interval(start, end, version, found[-1].version if found else None))
    return found


def answer(
    asked: ChangesAsked,
    before: FigureSet | None,
    after: FigureSet,
    moving: Sequence[tuple[Position, list[Move]]],
    read_events: ReadEvents,
    following: Position | None,
) -> Changes:
    """The figures that are not the same at both moments, and the events with what they moved.

    Raises:
        Refused: the indicator is unknown (`indicator_unknown`).
    """
    known = [after.indicator(asked.indicator, asked.quarter)] if asked.indicator else after.indicators_of(asked.quarter).values()
    cell = (asked.territory, asked.quarter)
    figures = []
    for indicator in known:
        former = before.exact_cell(indicator.id, *cell) if before is not None else None
        if (now := after.exact_cell(indicator.id, *cell)) != former:
            figures.append(ChangedFigure(indicator.id, indicator.label, indicator.unit, former, now))
    events = {event.position: event for event in read_events([position for position, _ in moving])}
    shown = [MovingEvent(timeline_entry(events[position], None), moves) for position, moves in moving]
    interval = (before.position if before is not None else START, after.position)
    return Changes(asked.territory, asked.quarter, *interval, after.version_in(asked.quarter), figures, shown, following)
