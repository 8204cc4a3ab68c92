"""All figures of one position and one version of the definitions, computed together: indicator × territory × quarter."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce

from services.reporting.indicators.figure import NOTHING_COUNTED, CellKey, Counts, Figure, RunQuery, amounts_by_cell, count_cells
from services.reporting.indicators.model import Indicator, Side
from services.vocabulary.programme import Groupings

FigureTable = dict[str, dict[CellKey, Figure]]  # by indicator, then by cell


def compute_figures(run: RunQuery, indicators: Iterable[Indicator], territories: Sequence[str], quarters: Iterable[str]) -> FigureTable:
    """The figure of every indicator in every cell. `run` must execute all statements on one snapshot of the tables.

    Several indicators may share a side: it is counted once.
    """
    cells = [(territory, quarter) for territory in territories for quarter in quarters]
    counted_sides: dict[int, dict[CellKey, Counts]] = {}

    def counts_of(side: Side) -> dict[CellKey, Counts]:
        if id(side) not in counted_sides:
            counted_sides[id(side)] = count_cells(run, side)
        return counted_sides[id(side)]

    return {indicator.id: indicator_figures(run, counts_of, indicator, cells) for indicator in indicators}


def of_groupings(cells: Mapping[CellKey, Figure], groupings: Groupings, quarters: Iterable[str]) -> dict[CellKey, Figure]:
    """The figures of each grouping of which all territories have theirs."""
    return {
        (grouping, quarter): reduce(Figure.__add__, (cells[territory, quarter] for territory in members))
        for grouping, members in groupings.items()
        for quarter in quarters
        if all((territory, quarter) in cells for territory in members)
    }


def indicator_figures(
    run: RunQuery, counts_of: Callable[[Side], Mapping[CellKey, Counts]], indicator: Indicator, cells: list[CellKey]
) -> dict[CellKey, Figure]:
    if indicator.measure == "median":
        amounts = amounts_by_cell(run, indicator.numerator)
        return {cell: Figure(len(amounts.get(cell, ())), None, amounts.get(cell, ())) for cell in cells}
    numerators = counts_of(indicator.numerator)
    denominators = counts_of(indicator.denominator) if indicator.denominator is not None else None
    return {cell: figure_of(cell, numerators, denominators) for cell in cells}


def figure_of(cell: CellKey, numerators: Mapping[CellKey, Counts], denominators: Mapping[CellKey, Counts] | None) -> Figure:
    counted, total = numerators.get(cell, NOTHING_COUNTED)
    return Figure(counted, total=total) if denominators is None else Figure(counted, denominators.get(cell, NOTHING_COUNTED)[0])
