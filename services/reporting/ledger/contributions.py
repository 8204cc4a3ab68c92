"""What some rows contribute to a side: how many count, in which cells. Pure.

How it works
------------
Between two days of the rows nothing changes, so a side is asked at the quarters of these days alone. Of a side within the quarter, the
answers are what counts in each. Of a cumulative one the changes from each such quarter to the next are kept, and hold until the next:

    identified in 2023-Q1, left in 2024-Q2, of the open journeys      2023-Q1: +1, 2024-Q2: -1
"""

from collections.abc import Mapping, Sequence
from typing import Any

from services.reporting.facts.tables import Row, quarter, quarter_rows
from services.reporting.ledger.sides import CountedSide

Place = tuple[str, str, int]  # quarter, territory, amount; the amount is 0 where none is kept
Contributions = Mapping[Place, int]
NO_CONTRIBUTION: Contributions = {}

QUARTERS = {row["id"]: row for row in quarter_rows()}
FIRST, LAST = min(QUARTERS), max(QUARTERS)
QUARTER_OF_MONTH = {f"{month:02}": f"-Q{(month + 2) // 3}" for month in range(1, 13)}
AMOUNT = -1  # the last column of a side


def contributions(side: CountedSide, tables: dict[str, Any], parameters: Mapping[str, Any]) -> Contributions:
    """What the rows of these tables contribute. `tables` has every table that the side reads; its quarters are set here."""
    quarters = quarters_of(side, tables)
    if not quarters:
        return NO_CONTRIBUTION
    tables[quarter.name] = [QUARTERS[each] for each in quarters]
    found = side.question.find(tables, parameters)
    if not found:
        return NO_CONTRIBUTION
    counts: dict[Place, int] = {}
    for row in found if side.with_amounts else {row[:3]: row for row in found}.values():
        place = (row[0], row[1], row[AMOUNT] if side.with_amounts else 0)
        counts[place] = counts.get(place, 0) + 1
    return changes(counts, quarters) if side.cumulative else counts


def quarters_of(side: CountedSide, tables: Mapping[str, Sequence[Row]]) -> list[str]:
    """Those of the days of the rows, in order. Before the first quarter that there is counts from it on; after the last, nowhere."""
    found = set()
    for name, columns in side.question.days.items():
        for row in tables[name]:
            for column in columns:
                if day := row[column]:
                    found.add(day[:4] + QUARTER_OF_MONTH[day[5:7]])
    return sorted({max(FIRST, each) for each in found if each <= LAST}) if found else []


def changes(counts: Mapping[Place, int], quarters: Sequence[str]) -> Contributions:
    """From the counts in each of these quarters, by how much they change from one to the next."""
    changed: dict[Place, int] = {}
    for territory, amount in {(territory, amount) for _, territory, amount in counts}:
        before = 0
        for each in quarters:
            now = counts.get((each, territory, amount), 0)
            if now != before:
                changed[each, territory, amount] = now - before
                before = now
    return changed
