"""Masking: which cells a committee does not see, because they would tell something about a few people.

How it works
------------
`mask_cells` looks at every cell of a FigureTable (indicator × territory × quarter) and applies four rules, in this order:

1. Small cells. A count of 1 to 4 people is masked, and so is a rate whose complement is 1 to 4 people (`small_cell` of the definitions
   is 5). Zero is shown.
2. Low base. A rate, a mean or a median over fewer than 20 people (`rate_floor`) is masked.
3. Sums. positive + dynamic = progress for the same cell. If exactly one of the three is masked, a second one is masked too, as the
   difference of the two others would give it.
4. Differences. The territories add up to the programme. While the programme is shown, the masked territories together must not be
   a single one with few people, nor 1 to 4 people in sum: more territories are masked, the smallest first, until they are not.

A cell masked by rule 3 or 4 may give another one away, so these rules run until nothing changes. Then indicators made from another one
(`DERIVED_FROM`: the gap to the target reveals as much as its rate) are masked with it.

A release recorded by a coordinator (`CellReleased`) exempts its own cell from every rule. Whatever can be derived from that cell is part
of that decision. Indicators that do not count people (`protected=False`) are never masked.

Example, positive rate of one quarter: Alençon 2 of 30, Flers 7 of 30, Argentan 9 of 30, programme 18 of 90. Rule 1 masks Alençon.
Then 18 - 7 - 9 = 2 would give it away, so rule 4 masks the next smallest, Flers: together they are 9 people, which is not few.

Not covered, since the figures of the study need it: two quarters of a cumulative figure differ by what happened between them, and two
positions of the log by what was recorded between them. Shares of 0 % and 100 % are shown.
"""

from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct

from services.reporting.facts.decisions import PROGRAMME
from services.reporting.indicators.compute import FigureTable
from services.reporting.indicators.figure import CellKey, Figure
from services.reporting.indicators.model import Indicator

CellId = tuple[str, str, str]  # indicator, territory, quarter
Masks = dict[CellId, str]  # masked cell -> the reason, in French, shown in its place
SUM = ("positive_rate", "dynamic_rate", "progress_rate")  # the third is the sum of the first two
DERIVED_FROM = {"positive_target": "positive_rate"}

MASKED_BY_SUM = "Ce nombre donnerait par différence un autre, qui est masqué."
MASKED_BY_DIFFERENCE = "Ce nombre donnerait par différence celui d’un autre territoire, qui est masqué."


class Thresholds(Struct, frozen=True):
    """The thresholds of a version of the definitions, in persons."""

    small_cell: int
    rate_floor: int

    def is_few(self, number: int) -> bool:
        return 0 < number < self.small_cell

    def mask_reason(self, indicator: Indicator, figure: Figure) -> str | None:
        """Why this figure must be masked whatever the others are (rules 1 and 2); None if it may be shown."""
        if not indicator.protected:
            return None
        if self.is_few(figure.numerator):
            return f"Moins de {self.small_cell} : le nombre n’est pas montré au comité."
        if figure.denominator is not None and self.is_few(figure.complement):
            return f"Moins de {self.small_cell} en dehors de ce nombre : il n’est pas montré au comité."
        base = figure.numerator if figure.denominator is None else figure.denominator
        if indicator.measure != "count" and 0 < base < self.rate_floor:
            return f"Moins de {self.rate_floor} au total : le taux n’est pas montré au comité."
        return None


def mask_cells(figures: FigureTable, indicators: Mapping[str, Indicator], thresholds: Thresholds, released: Collection[CellId]) -> Masks:
    """Every masked cell of the table, with its reason."""
    masks: Masks = {}
    for name, cells in figures.items():
        for (territory, quarter), figure in cells.items():
            reason = thresholds.mask_reason(indicators[name], figure)
            if reason and (name, territory, quarter) not in released:
                masks[name, territory, quarter] = reason
    mask_derivable_cells(figures, indicators, thresholds, released, masks)
    return masks


def mask_derivable_cells(
    figures: FigureTable, indicators: Mapping[str, Indicator], thresholds: Thresholds, released: Collection[CellId], masks: Masks
) -> None:
    """Add to `masks` the cells that would give a masked one away, until there are no more."""
    before = -1
    while before != len(masks):
        before = len(masks)
        mask_sums(figures, released, masks)
        for name in figures:
            if indicators[name].protected and indicators[name].measure in {"rate", "count"}:
                mask_differences(figures, name, thresholds, released, masks)
        mask_derived_indicators(figures, released, masks)


def mask_sums(figures: FigureTable, released: Collection[CellId], masks: Masks) -> None:
    """Rule 3. The last of the three that is neither masked nor released is masked: the sum, if possible."""
    if not all(name in figures for name in SUM):
        return
    for cell in figures[SUM[0]]:
        terms = [(name, *cell) for name in SUM]
        masked = [term for term in terms if term in masks]
        others = [term for term in reversed(terms) if term not in masks and term not in released]
        if len(masked) == 1 and others:
            masks[others[0]] = MASKED_BY_SUM


def mask_differences(figures: FigureTable, name: str, thresholds: Thresholds, released: Collection[CellId], masks: Masks) -> None:
    """Rule 4, for one indicator in every quarter."""
    cells = figures[name]
    territories = sorted({territory for territory, _ in cells} - {PROGRAMME})
    for quarter in {quarter for _, quarter in cells}:
        programme = (name, PROGRAMME, quarter)
        if programme in masks or programme in released:
            continue
        masked = [territory for territory in territories if (name, territory, quarter) in masks]
        maskable = [
            territory
            for territory in territories
            if territory not in masked and (name, territory, quarter) not in released and cells[territory, quarter].numerator
        ]
        for territory in territories_to_mask(cells, quarter, masked, maskable, thresholds):
            masks[name, territory, quarter] = MASKED_BY_DIFFERENCE


def territories_to_mask(
    cells: Mapping[CellKey, Figure], quarter: str, masked: Sequence[str], maskable: Sequence[str], thresholds: Thresholds
) -> list[str]:
    """The fewest further territories to mask, the smallest first, so that the masked ones together are not few people."""
    remaining = sorted(maskable, key=lambda territory: cells[territory, quarter].numerator)
    added: list[str] = []
    while masked and remaining and gives_away([cells[territory, quarter] for territory in (*masked, *added)], thresholds):
        added.append(remaining.pop(0))
    return added


def gives_away(masked: Sequence[Figure], thresholds: Thresholds) -> bool:
    """Whether the programme minus the shown territories, which is the sum of these masked figures, reveals something about few people."""
    numerator, complement = sum(f.numerator for f in masked), sum(f.complement for f in masked if f.denominator is not None)
    is_single = len([figure for figure in masked if figure.numerator or figure.denominator]) == 1
    has_few = any(thresholds.is_few(f.numerator) or (f.denominator is not None and thresholds.is_few(f.complement)) for f in masked)
    return (is_single and has_few) or thresholds.is_few(numerator) or thresholds.is_few(complement)


def mask_derived_indicators(figures: FigureTable, released: Collection[CellId], masks: Masks) -> None:
    for name, source in DERIVED_FROM.items():
        for territory, quarter in figures.get(name, {}):
            if (source, territory, quarter) in masks and (name, territory, quarter) not in released:
                masks[name, territory, quarter] = masks[source, territory, quarter]
