"""Figures from the ledger: the sums of its entries, as of now (the balances) or as of a position."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, Connection, cast, func, select, union_all

from services.reporting.facts.tables import CELL, balance, entry, subtotal
from services.reporting.indicators.compute import FigureTable
from services.reporting.indicators.figure import CellKey, Figure
from services.reporting.indicators.model import Indicator
from services.reporting.ledger.filling import read_fillings
from services.reporting.ledger.persons import EVERY_VERSION
from services.reporting.ledger.sides import CountedSide, sides
from services.vocabulary.programme import PROGRAMME
from shared.errors import Unavailable
from shared.message import START, Position

Amounts = Mapping[int, int]  # amount -> how many are counted with it
NONE: Amounts = {}


class Ledger:
    """The sums of one moment, from rows of side, version, quarter, territory, amount, total.

    Under the versions of the definitions that are `incomplete`, not all persons are entered.
    """

    def __init__(self, rows: Iterable[Any], incomplete: Collection[int] = ()) -> None:
        self.incomplete = incomplete
        self.sums: dict[tuple[str, int], dict[str, list[tuple[str, int, int]]]] = defaultdict(lambda: defaultdict(list))
        for side, version, quarter, territory, amount, total in rows:
            self.sums[side, version][territory].append((quarter, amount, total))
            self.sums[side, version][PROGRAMME].append((quarter, amount, total))

    def figures(self, indicators: Iterable[Indicator], territories: Sequence[str], quarters: Sequence[str], version: int) -> FigureTable:
        """The figure of every indicator in every cell, under a version of the definitions."""
        return {indicator.id: self.indicator_figures(indicator, territories, quarters, version) for indicator in indicators}

    def indicator_figures(
        self, indicator: Indicator, territories: Sequence[str], quarters: Sequence[str], version: int
    ) -> dict[CellKey, Figure]:
        numerators = self.counts(sides().of[indicator.id, "numerator"], territories, quarters, version)
        if indicator.denominator is None:
            return {cell: figure_of(indicator, numerators.get(cell, NONE)) for cell in cells(territories, quarters)}
        denominators = self.counts(sides().of[indicator.id, "denominator"], territories, quarters, version)
        return {
            cell: Figure(sum(numerators.get(cell, NONE).values()), sum(denominators.get(cell, NONE).values()))
            for cell in cells(territories, quarters)
        }

    def counts(self, side: CountedSide, territories: Sequence[str], quarters: Sequence[str], version: int) -> dict[CellKey, Amounts]:
        if side.versioned and version in self.incomplete:
            raise Unavailable(f"Version {version} of the definitions is being counted.")
        by_territory = self.sums[side.name, version if side.versioned else EVERY_VERSION]
        found: dict[CellKey, Amounts] = {}
        for territory in territories:
            sums = sorted(by_territory.get(territory, ()))
            for quarter in quarters:
                counted: dict[int, int] = defaultdict(int)
                for each, amount, total in sums:
                    if each == quarter or (side.cumulative and each < quarter):
                        counted[amount] += total
                found[territory, quarter] = counted
        return found


def cells(territories: Sequence[str], quarters: Sequence[str]) -> list[CellKey]:
    return [(territory, quarter) for territory in territories for quarter in quarters]


def figure_of(indicator: Indicator, counted: Amounts) -> Figure:
    """The figure of an indicator that has a numerator alone."""
    count = sum(counted.values())
    if indicator.measure == "median":
        amounts = tuple(amount for amount, times in sorted(counted.items()) for _ in range(times))
        return Figure(count, None, amounts)
    return Figure(count, None, total=sum(amount * times for amount, times in counted.items()))


def read_ledger(connection: Connection, as_of: Position | None = None) -> Ledger:
    """The ledger of now, or as it was when the event at a position had been applied."""
    incomplete = {filling.version for filling in read_fillings(connection)}
    if as_of is None:
        return Ledger(connection.execute(select(balance)), incomplete)
    before = connection.scalar(select(func.max(subtotal.c.position)).where(subtotal.c.position <= as_of)) or START
    kept = select(*(subtotal.c[name] for name in CELL), subtotal.c.total).where(subtotal.c.position == before)
    since = select(*(entry.c[name] for name in CELL), entry.c.change).where(entry.c.position > before, entry.c.position <= as_of)
    both = union_all(kept, since).subquery()
    cell = [both.c[name] for name in CELL]
    return Ledger(connection.execute(select(*cell, cast(func.sum(both.c.total), BigInteger)).group_by(*cell)), incomplete)
