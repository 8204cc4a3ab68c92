"""The figures as readers of masked figures see them: from tables of figures to bands, and from the bands of a figure to its cell."""

from collections.abc import Iterable, Mapping, Sequence

from services.reporting.answers import BandCell, Cell, MaskedCell
from services.reporting.disclosure.bands import HIDDEN, Band, Thresholds, exactly
from services.reporting.disclosure.disclose import Bands, Column, disclose, disclose_year
from services.reporting.disclosure.families import INCREMENTS, Cluster, clusters, count_name
from services.reporting.indicators.catalogue import INDICATORS
from services.reporting.indicators.compute import FigureTable
from services.reporting.indicators.figure import Figure
from services.reporting.indicators.model import Indicator

CountId = tuple[str, str, str]  # count, territory, quarter
BandTable = dict[CountId, Band]

SOURCES = {count_name(indicator, side): (indicator, side) for indicator in INDICATORS for side in ("denominator", "numerator")}
END_OF_YEAR = "-Q2"  # the programme began in June: its years end in the second quarter
FEW = "De {least} à {most} personnes : un nombre aussi petit n’est pas montré exactement au comité."
NEIGHBOUR = "Ce nombre n’est pas montré exactement au comité : il en donnerait un autre, plus petit, par différence."
OPEN_BASE = "Le total n’est pas montré exactement au comité, ni donc le taux : ils donneraient un nombre plus petit, par différence."
LOW_BASE = "Moins de {floor} au total : le taux n’est pas montré au comité."


def bands(
    figures: FigureTable, indicators: Iterable[Indicator], territories: Sequence[str], thresholds: Mapping[str, Thresholds]
) -> BandTable:
    """The band of every count in every territory and quarter. The last of the territories is the programme.

    `thresholds` are those of each quarter, in order.
    """
    asked = list(thresholds)
    found: BandTable = {}
    for cluster in clusters(indicators):
        columns = [numbers(figures, cluster, territories, quarter) for quarter in asked]
        for quarter, decided in zip(asked, disclose(cluster, columns, [*thresholds.values()]), strict=True):
            found |= by_territory(decided, territories, quarter)
        if cluster.kind == "flow":
            for year in years(asked):
                of_quarters = tuple(columns[asked.index(quarter)] for quarter in year)
                decided = disclose_year(cluster, of_quarters, tuple(thresholds[quarter] for quarter in year))
                found |= by_territory({of_year(name): row for name, row in decided.items()}, territories, year[-1])
    return found


def by_territory(decided: Bands, territories: Sequence[str], quarter: str) -> BandTable:
    return {(name, territory, quarter): band for name, row in decided.items() for territory, band in zip(territories, row, strict=True)}


def of_year(count: str) -> str:
    """The name of a count over twelve months."""
    return f"{count} in twelve months"


def years(quarters: Sequence[str]) -> list[list[str]]:
    """The quarters of each year that has ended. Years do not overlap: the difference of two would give a quarter away."""
    found: list[list[str]] = [[]]
    for quarter in quarters:
        found[-1].append(quarter)
        if quarter.endswith(END_OF_YEAR):
            found.append([])
    return found[:-1]


def numbers(figures: FigureTable, cluster: Cluster, territories: Sequence[str], quarter: str) -> Column:
    """The numbers of a cluster in one quarter.

    A total is at least its parts: a log of an earlier version has answers to the survey for which no ticket was recorded.
    """

    def number(name: str, territory: str) -> int:
        indicator, side = SOURCES[name]
        figure = figures[indicator][territory, quarter]
        return figure.numerator if side == "numerator" else figure.denominator or 0

    counted = {name: tuple(number(name, territory) for territory in territories) for name in cluster.counts}
    counted[cluster.total] = tuple(max(row) for row in zip(*counted.values(), strict=True))
    return tuple((name, counted[name]) for name in cluster.counts)


class MaskedView:
    """The cells of one table of bands. `exact` gives the cell of a figure that may be shown exactly."""

    def __init__(self, table: BandTable, thresholds: Mapping[str, Thresholds]) -> None:
        self.table, self.thresholds = table, thresholds
        quarters = list(thresholds)
        self.before = dict(zip(quarters[1:], quarters, strict=False))

    def band(self, indicator: str, side: str, territory: str, quarter: str, figure: Figure) -> Band:
        """The band of one side of a figure."""
        if indicator in INCREMENTS:
            return self.increment(INCREMENTS[indicator], territory, quarter, figure.numerator)
        return self.table.get((count_name(indicator, side), territory, quarter), HIDDEN)

    def increment(self, name: str, territory: str, quarter: str, number: int) -> Band:
        """What the levels of two quarters tell of the increment between them, and nothing more."""
        here = self.table.get((name, territory, quarter), HIDDEN)
        before = self.table[name, territory, self.before[quarter]] if quarter in self.before else exactly(0)
        if here.hidden or before.hidden:
            return HIDDEN
        told = Band(max(0, here.least - before.most), here.most - before.least)
        return told if told.least <= number <= told.most else HIDDEN

    def year_band(self, indicator: str, side: str, territory: str, quarter: str) -> Band:
        return self.table.get((of_year(count_name(indicator, side)), territory, quarter), HIDDEN)

    def year_cell(self, indicator: Indicator, figure: Figure, territory: str, quarter: str, exact: Cell) -> Cell:
        """What is shown of a figure over the twelve months that end with this quarter."""
        numerator, denominator = (self.year_band(indicator.id, side, territory, quarter) for side in ("numerator", "denominator"))
        if indicator.denominator is None:
            return self.single_cell(indicator, numerator, exact, self.thresholds[quarter])
        return self.rate_cell(indicator, figure, numerator, denominator, exact, self.thresholds[quarter])

    def cell(self, indicator: Indicator, figure: Figure, territory: str, quarter: str, exact: Cell) -> Cell:
        """What is shown of a figure, of which `exact` is the whole cell."""
        numerator = self.band(indicator.id, "numerator", territory, quarter, figure)
        if indicator.denominator is None:
            return self.single_cell(indicator, numerator, exact, self.thresholds[quarter])
        denominator = self.band(indicator.id, "denominator", territory, quarter, figure)
        return self.rate_cell(indicator, figure, numerator, denominator, exact, self.thresholds[quarter])

    def rate_cell(
        self, indicator: Indicator, figure: Figure, numerator: Band, denominator: Band, exact: Cell, thresholds: Thresholds
    ) -> Cell:
        low_base = 0 < (figure.denominator or 0) < thresholds.rate_floor
        if numerator.exact and denominator.exact and not low_base:
            return exact
        only_rate = numerator.exact and not denominator.exact
        reason = OPEN_BASE if only_rate else reason_of(numerator, thresholds, low_base=low_base and denominator.exact)
        told = numerator.least <= figure.numerator <= numerator.most and denominator.least <= (figure.denominator or 0) <= denominator.most
        if indicator.measure == "gap" or (numerator.hidden and denominator.hidden) or not told:
            return MaskedCell(reason)
        return BandCell(*ends(numerator), *ends(denominator), reason)

    def single_cell(self, indicator: Indicator, band: Band, exact: Cell, thresholds: Thresholds) -> Cell:
        if indicator.measure == "count":
            if band.exact:
                return exact
            reason = reason_of(band, thresholds)
            return MaskedCell(reason) if band.hidden else BandCell(*ends(band), None, None, reason)
        if band.exact and (band.least >= thresholds.rate_floor or band.least == 0):
            return exact
        return MaskedCell(LOW_BASE.format(floor=thresholds.rate_floor))


def reason_of(band: Band, thresholds: Thresholds, *, low_base: bool = False) -> str:
    """Why a number that is not shown exactly is not."""
    if low_base:
        return LOW_BASE.format(floor=thresholds.rate_floor)
    most = thresholds.small_cell - 1
    return FEW.format(least=1, most=most) if band == Band(1, most) else NEIGHBOUR


def ends(band: Band) -> tuple[int | None, int | None]:
    return (None, None) if band.hidden else (band.least, band.most)
