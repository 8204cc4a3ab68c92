"""What some rows contribute to a side: how many count, in which cells. Pure.

How it works
------------
Between two days of the rows nothing changes, so a side is asked at the quarters of these days alone. Of a side within the quarter, the
answers are what counts in each. Of a cumulative one the changes from each such quarter to the next are kept, and hold until the next:

    identified in 2023-Q1, left in 2024-Q2, of the open journeys      2023-Q1: +1, 2024-Q2: -1
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from services.reporting.facts.tables import Row, quarter, quarter_rows
from services.reporting.ledger.sides import CountedSide

Cell = tuple[str, int, str, str, int]  # side, version of the definitions, quarter, territory, amount: 0 where none is kept
Contributions = Mapping[Cell, int]
NO_CONTRIBUTION: Contributions = {}

QUARTERS = {row["id"]: row for row in quarter_rows()}
FIRST, LAST = min(QUARTERS), max(QUARTERS)
QUARTER_OF_MONTH = {f"{month:02}": f"-Q{(month + 2) // 3}" for month in range(1, 13)}
DAYS_REMEMBERED = 50_000
AMOUNT = -1  # the last column of a side


def contributions(side: CountedSide, version: int, tables: dict[str, Any], parameters: Mapping[str, Any]) -> Contributions:
    """What the rows of these tables contribute. `tables` has every table that the side reads; its quarters are set here."""
    quarters = quarters_of(side, tables)
    if not quarters:
        return NO_CONTRIBUTION
    tables[quarter.name] = [QUARTERS[each] for each in quarters]
    found = side.question.find(tables, parameters)
    if not found:
        return NO_CONTRIBUTION
    counts: dict[Cell, int] = {}
    for row in found if side.with_amounts or len(found) == 1 else {row[:3]: row for row in found}.values():
        cell = (side.name, version, row[0], row[1], row[AMOUNT] if side.with_amounts else 0)
        counts[cell] = counts.get(cell, 0) + 1
    return changes(counts, quarters) if side.cumulative and len(quarters) > 1 else counts


def quarters_of(side: CountedSide, tables: Mapping[str, Sequence[Row]]) -> Sequence[str]:
    """Those of the days of the rows, in order. Before the first quarter that there is counts from it on; after the last, nowhere."""
    days = {row[column] for name, columns in side.question.days.items() for row in tables[name] for column in columns}
    if len(days) == 1:
        return quarters_on(*days)
    found = {each for day in days for each in quarters_on(day)}
    return sorted(found) if len(found) > 1 else [*found]


@lru_cache(DAYS_REMEMBERED)
def quarters_on(day: str | None) -> Sequence[str]:
    """The one quarter in which a day counts; none of a day that is not known."""
    if not day:
        return ()
    found = day[:4] + QUARTER_OF_MONTH[day[5:7]]
    return (max(FIRST, found),) if found <= LAST else ()


def changes(counts: Mapping[Cell, int], quarters: Sequence[str]) -> Contributions:
    """From the counts in each of these quarters, by how much they change from one to the next."""
    changed: dict[Cell, int] = {}
    for side, version, territory, amount in {(side, version, territory, amount) for side, version, _, territory, amount in counts}:
        before = 0
        for each in quarters:
            cell = (side, version, each, territory, amount)
            now = counts.get(cell, 0)
            if now != before:
                changed[cell] = now - before
                before = now
    return changed
