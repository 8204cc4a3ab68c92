"""A figure: the numbers counted for one indicator in one cell. And the SQL that counts a side, for all cells at once.

A cell is a territory and a quarter. The whole programme is a territory too (`PROGRAMME`): its figures are the sums of all territories,
since whatever counts counts in one territory (ADR 0031).
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from msgspec import Struct
from sqlalchemy import Select, bindparam, func, select

from services.reporting.indicators.model import Side
from services.vocabulary.programme import PROGRAMME

CellKey = tuple[str, str]  # territory, quarter
Counts = tuple[int, int]  # how many are counted, and the sum of their amounts
NOTHING_COUNTED: Counts = (0, 0)
RunQuery = Callable[[Any], Any]  # executes a statement with the bind parameters of `queries`, and returns its rows


class Figure(Struct, frozen=True):
    """What was counted for one indicator in one cell: exact integers, before any rounding.

    `amounts` are sorted and given for a median only; `total`, the sum of the amounts, is used for a mean.
    """

    numerator: int = 0
    denominator: int | None = None
    amounts: tuple[int, ...] = ()
    total: int = 0

    def __add__(self, other: "Figure") -> "Figure":
        """The figure of both territories together, since whatever counts counts in one territory (ADR 0031)."""
        denominator = None if self.denominator is None or other.denominator is None else self.denominator + other.denominator
        amounts = tuple(sorted(self.amounts + other.amounts))
        return Figure(self.numerator + other.numerator, denominator, amounts, self.total + other.total)

    @property
    def percent(self) -> int | None:
        """The rate, rounded half up; None without a denominator or when it is 0."""
        return round_half_up(100 * self.numerator, self.denominator) if self.denominator else None

    @property
    def complement(self) -> int:
        return (self.denominator or 0) - self.numerator

    @property
    def mean_tenths(self) -> int | None:
        """The mean of the amounts, in tenths, rounded half up; None when nothing is counted."""
        return round_half_up(10 * self.total, self.numerator) if self.numerator else None

    @property
    def median(self) -> int | None:
        """The median of the amounts, rounded half up; None when there are none."""
        if not self.amounts:
            return None
        half = len(self.amounts) // 2
        return self.amounts[half] if len(self.amounts) % 2 else round_half_up(self.amounts[half - 1] + self.amounts[half], 2)


def round_half_up(numerator: int, denominator: int) -> int:
    """The nearest integer to a fraction; a half rounds up, so that 12.5 gives 13. In integers, hence the same everywhere."""
    return (2 * numerator + denominator) // (2 * denominator)


class SideQueries(Struct, frozen=True):
    """The statements that read one side.

    - `by_territory`: a row per territory and quarter, with `counted` and `total`.
    - `amounts`: every amount, in ascending order.
    - `facts`: the rows of one quarter, for the evidence.
    """

    by_territory: Select[Any]
    amounts: Select[Any]
    facts: Select[Any]


@cache
def side_queries(side: Side) -> SideQueries:
    rows = side.subquery()
    quarter, territory = rows.c.quarter, rows.c.territory
    counts = (func.count(rows.c.counted.distinct()).label("counted"), func.sum(rows.c.amount).label("total"))
    return SideQueries(
        by_territory=select(territory, quarter, *counts).group_by(territory, quarter),
        amounts=select(territory, quarter, rows.c.amount).order_by(rows.c.amount),
        facts=select(rows).where(quarter == bindparam("first")).order_by(rows.c.on, rows.c.positions, rows.c.counted),
    )


def count_cells(run: RunQuery, side: Side) -> dict[CellKey, Counts]:
    """The counts of a side by cell, for every territory and for the programme; a cell where nothing is counted is left out."""
    cells: dict[CellKey, Counts] = {}
    for territory, quarter, counted, total in run(side_queries(side).by_territory):
        amounts = int(total or 0)
        cells[territory, quarter] = (counted, amounts)
        programme = cells.get((PROGRAMME, quarter), NOTHING_COUNTED)
        cells[PROGRAMME, quarter] = (programme[0] + counted, programme[1] + amounts)
    return cells


def amounts_by_cell(run: RunQuery, side: Side) -> dict[CellKey, tuple[int, ...]]:
    """The amounts of a side by cell, in ascending order; the programme has those of every territory."""
    cells: dict[CellKey, list[int]] = {}
    for territory, quarter, amount in run(side_queries(side).amounts):
        cells.setdefault((territory, quarter), []).append(amount)
        cells.setdefault((PROGRAMME, quarter), []).append(amount)
    return {cell: tuple(amounts) for cell, amounts in cells.items()}
