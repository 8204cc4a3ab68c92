"""All figures of one position and one version of the definitions: indicator × territory × quarter, computed together."""

from collections.abc import Iterable, Sequence
from typing import Any

from services.reporting.indicators.declared import Indicator, Side
from services.reporting.indicators.measuring import Figure, Place, amounts, counted

Matrix = dict[str, dict[Place, Figure]]
NOBODY = (0, 0)


def measured(run: Any, indicators: Iterable[Indicator], territories: Sequence[str], quarters: Iterable[str]) -> Matrix:
    """`run` executes a statement at one moment of the tables. A side that several indicators share is asked once."""
    places = [(territory, quarter) for territory in territories for quarter in quarters]
    sides: dict[int, dict[Place, tuple[int, int]]] = {}

    def ask(side: Side) -> dict[Place, tuple[int, int]]:
        if id(side) not in sides:
            sides[id(side)] = counted(run, side, territories)
        return sides[id(side)]

    return {indicator.id: figures(run, ask, indicator, places) for indicator in indicators}


def figures(run: Any, ask: Any, indicator: Indicator, places: list[Place]) -> dict[Place, Figure]:
    if indicator.measure == "median":
        values = amounts(run, indicator.numerator)
        return {place: Figure(len(values.get(place, ())), None, values.get(place, ())) for place in places}
    above = ask(indicator.numerator)
    below = ask(indicator.denominator) if indicator.denominator is not None else None
    return {place: figure(place, above, below) for place in places}


def figure(place: Place, above: dict[Place, tuple[int, int]], below: dict[Place, tuple[int, int]] | None) -> Figure:
    number, total = above.get(place, NOBODY)
    return Figure(number, None if below is None else below.get(place, NOBODY)[0], total=total)
