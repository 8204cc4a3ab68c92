"""What a committee does not see: few people with a quality, few people without it, and what gives either away.

The rules, in order. (1) A count of 1 to 4, or its complement, is masked. (2) A rate, a mean or a median is masked when fewer than
20 stand under it. (3) Positive + dynamic = progress: two of the three never give away the third. (4) Territories add up to the
programme: a masked territory is never the only one, nor are the masked ones together fewer than 5, while the programme is shown.
A recorded release shows its own cell, and what follows from it is part of that decision.

Not covered, because the study's own figures need it: two quarters of a cumulative figure differ by what happened between them, and
two positions of the log differ by what was recorded between them. Shares of 0 % and of 100 % are shown.
"""

from collections.abc import Collection, Mapping, Sequence

from services.reporting.facts.decisions import PROGRAMME
from services.reporting.indicators.compute import Matrix
from services.reporting.indicators.figure import Figure
from services.reporting.indicators.model import Indicator

Cell = tuple[str, str, str]  # indicator, territory, quarter
Masks = dict[Cell, str]
SUM = ("positive_rate", "dynamic_rate", "progress_rate")  # the third is the sum of the first two
SAME = {"positive_target": "positive_rate"}  # shown only where what it is made from is shown


class Thresholds:
    def __init__(self, given: Mapping[str, int]) -> None:
        self.small = given["small_cell"]
        self.floor = given["rate_floor"]

    def few(self, number: int) -> bool:
        return 0 < number < self.small

    def why(self, indicator: Indicator, figure: Figure) -> str | None:
        """Why this figure alone may not be shown."""
        if not indicator.protected:
            return None
        if self.few(figure.numerator):
            return f"Moins de {self.small} : le nombre n’est pas montré au comité."
        if figure.denominator is not None and self.few(figure.complement):
            return f"Moins de {self.small} en dehors de ce nombre : il n’est pas montré au comité."
        if indicator.measure != "count" and 0 < self.under(indicator, figure) < self.floor:
            return f"Moins de {self.floor} au total : le taux n’est pas montré au comité."
        return None

    def under(self, indicator: Indicator, figure: Figure) -> int:
        return figure.numerator if figure.denominator is None else figure.denominator


def masks(matrix: Matrix, indicators: Mapping[str, Indicator], thresholds: Thresholds, released: Collection[Cell]) -> Masks:
    """Every masked cell of the matrix, with the reason that is shown in its place."""
    hidden: Masks = {}
    for name, places in matrix.items():
        for (territory, quarter), figure in places.items():
            why = thresholds.why(indicators[name], figure)
            if why and (name, territory, quarter) not in released:
                hidden[name, territory, quarter] = why
    settle(matrix, indicators, thresholds, released, hidden)
    return hidden


def settle(matrix: Matrix, indicators: Mapping[str, Indicator], thresholds: Thresholds, released: Collection[Cell], hidden: Masks) -> None:
    """One masked cell may give another away: go round until nothing more must be masked."""
    before = -1
    while before != len(hidden):
        before = len(hidden)
        hide_sums(matrix, released, hidden)
        for name in matrix:
            if indicators[name].protected and indicators[name].measure in {"rate", "count"}:
                hide_differences(matrix, name, thresholds, released, hidden)
        hide_same(matrix, released, hidden)


def hide_sums(matrix: Matrix, released: Collection[Cell], hidden: Masks) -> None:
    if not all(name in matrix for name in SUM):
        return
    for place in matrix[SUM[0]]:
        cells = [(name, *place) for name in SUM]
        masked = [cell for cell in cells if cell in hidden]
        others = [cell for cell in reversed(cells) if cell not in hidden and cell not in released]
        if len(masked) == 1 and others:
            hidden[others[0]] = "Ce nombre donnerait par différence un autre, qui est masqué."


def hide_differences(matrix: Matrix, name: str, thresholds: Thresholds, released: Collection[Cell], hidden: Masks) -> None:
    places = matrix[name]
    territories = sorted({territory for territory, _ in places} - {PROGRAMME})
    for quarter in {quarter for _, quarter in places}:
        whole = (name, PROGRAMME, quarter)
        if whole in hidden or whole in released:
            continue
        for territory in to_hide(places, territories, quarter, name, thresholds, released, hidden):
            hidden[name, territory, quarter] = "Ce nombre donnerait par différence celui d’un autre territoire, qui est masqué."


def to_hide(
    places: Mapping[tuple[str, str], Figure],
    territories: Sequence[str],
    quarter: str,
    name: str,
    thresholds: Thresholds,
    released: Collection[Cell],
    hidden: Masks,
) -> list[str]:
    """The smallest territories to mask too, so that the masked ones together are nobody in particular."""
    masked = [territory for territory in territories if (name, territory, quarter) in hidden]
    free = [t for t in territories if t not in masked and (name, t, quarter) not in released and places[t, quarter].numerator]
    free.sort(key=lambda territory: places[territory, quarter].numerator)
    more: list[str] = []
    while masked and free and given_away([places[t, quarter] for t in masked + more], thresholds):
        more.append(free.pop(0))
    return more


def given_away(masked: Sequence[Figure], thresholds: Thresholds) -> bool:
    """Whether the programme less the shown territories says something about few people."""
    number, rest = sum(f.numerator for f in masked), sum(f.complement for f in masked if f.denominator is not None)
    alone = len([figure for figure in masked if figure.numerator or figure.denominator]) == 1
    single = alone and any(thresholds.few(f.numerator) or (f.denominator is not None and thresholds.few(f.complement)) for f in masked)
    return single or thresholds.few(number) or thresholds.few(rest)


def hide_same(matrix: Matrix, released: Collection[Cell], hidden: Masks) -> None:
    for name, source in SAME.items():
        for territory, quarter in matrix.get(name, {}):
            if (source, territory, quarter) in hidden and (name, territory, quarter) not in released:
                hidden[name, territory, quarter] = hidden[source, territory, quarter]
