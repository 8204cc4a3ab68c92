"""From a declared side to numbers: the statements that count it, for every quarter and territory at once."""

from collections.abc import Container
from functools import cache
from typing import Any

from msgspec import Struct
from sqlalchemy import Select, bindparam, func, select

from services.reporting.facts.decisions import PROGRAMME
from services.reporting.indicators.model import Side

CellKey = tuple[str, str]  # territory, quarter


class Figure(Struct, frozen=True):
    """What was counted for one indicator in one place: exact integers, no rounding yet."""

    numerator: int = 0
    denominator: int | None = None
    amounts: tuple[int, ...] = ()  # sorted; for a median
    total: int = 0  # for a mean

    @property
    def percent(self) -> int | None:
        return half_up(100 * self.numerator, self.denominator) if self.denominator else None

    @property
    def complement(self) -> int:
        return (self.denominator or 0) - self.numerator

    @property
    def tenths(self) -> int | None:
        """The mean, in tenths."""
        return half_up(10 * self.total, self.numerator) if self.numerator else None

    @property
    def median(self) -> int | None:
        if not self.amounts:
            return None
        middle = len(self.amounts) // 2
        return self.amounts[middle] if len(self.amounts) % 2 else half_up(self.amounts[middle - 1] + self.amounts[middle], 2)


def half_up(numerator: int, denominator: int) -> int:
    """The nearest integer, halves towards more: 12.5 is 13."""
    return (2 * numerator + denominator) // (2 * denominator)


class SideQueries(Struct, frozen=True):
    """The statements that one side gives."""

    by_territory: Select[Any]
    overall: Select[Any]
    amounts: Select[Any]
    facts: Select[Any]


@cache
def questions(side: Side) -> SideQueries:
    found = side.subquery()
    quarter, territory = found.c.quarter, found.c.territory
    counted = (func.count(found.c.counted.distinct()).label("counted"), func.sum(found.c.amount).label("total"))
    return SideQueries(
        by_territory=select(territory, quarter, *counted).group_by(territory, quarter),
        overall=select(quarter, *counted).group_by(quarter),
        amounts=select(territory, quarter, found.c.amount).order_by(found.c.amount),
        facts=select(found).where(quarter == bindparam("first")).order_by(found.c.on, found.c.positions),
    )


def counted(run: Any, side: Side, territories: Container[str]) -> dict[CellKey, tuple[int, int]]:
    """How many are counted, and the sum of what is averaged, in every place that has any. The whole programme is no sum of its towns:
    who is counted in two of them is counted once in it, by a question of its own."""
    asked, places = questions(side), {}
    if territories != [PROGRAMME]:
        places = {(row.territory, row.quarter): (row.counted, int(row.total or 0)) for row in run(asked.by_territory)}
    if PROGRAMME in territories:
        places |= {(PROGRAMME, row.quarter): (row.counted, int(row.total or 0)) for row in run(asked.overall)}
    return places


def amounts(run: Any, side: Side) -> dict[CellKey, tuple[int, ...]]:
    places: dict[CellKey, list[int]] = {}
    for territory, quarter, amount in run(questions(side).amounts):
        places.setdefault((territory, quarter), []).append(amount)
        places.setdefault((PROGRAMME, quarter), []).append(amount)
    return {place: tuple(values) for place, values in places.items()}
