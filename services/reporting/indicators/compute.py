"""All figures of one position and one version of the definitions: indicator × territory × quarter, computed together."""

from collections.abc import Iterable, Sequence
from typing import Any

from services.reporting.indicators.figure import CellKey, Figure, amounts, counted
from services.reporting.indicators.model import Indicator, Side

Matrix = dict[str, dict[CellKey, Figure]]
NOBODY = (0, 0)


def measured(run: Any, indicators: Iterable[Indicator], territories: Sequence[str], quarters: Iterable[str]) -> Matrix:
    """`run` executes a statement at one moment of the tables. A side that several indicators share is asked once."""
    places = [(territory, quarter) for territory in territories for quarter in quarters]
    sides: dict[int, dict[CellKey, tuple[int, int]]] = {}

    def ask(side: Side) -> dict[CellKey, tuple[int, int]]:
        if id(side) not in sides:
            sides[id(side)] = counted(run, side, territories)
        return sides[id(side)]

    return {indicator.id: figures(run, ask, indicator, places) for indicator in indicators}


def figures(run: Any, ask: Any, indicator: Indicator, places: list[CellKey]) -> dict[CellKey, Figure]:
    if indicator.measure == "median":
        values = amounts(run, indicator.numerator)
        return {place: Figure(len(values.get(place, ())), None, values.get(place, ())) for place in places}
    above = ask(indicator.numerator)
    below = ask(indicator.denominator) if indicator.denominator is not None else None
    return {place: figure(place, above, below) for place in places}


def figure(place: CellKey, above: dict[CellKey, tuple[int, int]], below: dict[CellKey, tuple[int, int]] | None) -> Figure:
    number, total = above.get(place, NOBODY)
    return Figure(number, None if below is None else below.get(place, NOBODY)[0], total=total)
