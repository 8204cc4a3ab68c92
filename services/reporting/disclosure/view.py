"""The figures as readers of masked figures see them: from tables of figures to bands, and from the bands of a figure to its cell."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from services.reporting.answers import BandCell, Cell, MaskedCell
from services.reporting.disclosure.bands import HIDDEN, Band, Thresholds, exactly
from services.reporting.disclosure.disclose import Column, disclose, disclose_year
from services.reporting.disclosure.families import INCREMENTS, Cluster, clusters, count_name
from services.reporting.disclosure.inference import inferred
from services.reporting.disclosure.links import Shown, in_order
from services.reporting.indicators.catalogue import INDICATORS
from services.reporting.indicators.compute import FigureTable
from services.reporting.indicators.figure import Figure
from services.reporting.indicators.model import Indicator
from services.vocabulary.programme import Groupings

CountId = tuple[str, str, str]  # count, territory, quarter
BandTable = dict[CountId, Band]

SOURCES = {count_name(indicator, side): (indicator, side) for indicator in INDICATORS for side in ("denominator", "numerator")}
END_OF_YEAR = "-Q2"  # the programme began in June: its years end in the second quarter
FEW = "De {least} à {most} personnes : un nombre aussi petit n’est pas montré exactement au comité."
NEIGHBOUR = "Ce nombre n’est pas montré exactement au comité : il en donnerait un autre, plus petit, par différence."
OPEN_BASE = "Le total n’est pas montré exactement au comité, ni donc le taux : ils donneraient un nombre plus petit, par différence."
OF_GROUPING = "Ce nombre n’est pas montré exactement au comité : c’est la somme de nombres dont l’un au moins ne l’est pas."
AVERAGE_OF_GROUPING = "Une moyenne ou une médiane n’est montrée pour un regroupement que si elle l’est dans chacun de ses territoires."
UNKNOWN_BASE = "Le nombre de réponses n’est pas montré exactement au comité, ni donc ce qui s’en calcule."
LOW_BASE = "Moins de {floor} au total : le taux n’est pas montré au comité."


def bands(
    figures: FigureTable,
    indicators: Iterable[Indicator],
    territories: Sequence[str],
    thresholds: Mapping[str, Thresholds],
    groupings: Groupings,
) -> BandTable:
    """The band of every count in every territory, grouping and quarter. The last of the territories is the programme.

    `thresholds` are those of each quarter, in order.
    """
    asked, of_each = list(thresholds), list(thresholds.values())
    shown = Shown([[asked.index(quarter) for quarter in year] for year in years(asked)])
    found: BandTable = {}
    for cluster in in_order(clusters(indicators)):
        columns = [numbers(figures, cluster, territories, quarter) for quarter in asked]
        told = [shown.of(cluster, (column,)) for column in range(len(asked))]
        for column, decided in enumerate(disclose(cluster, columns, of_each, told)):
            public = inferred(cluster, decided, territories, groupings)
            shown.note((column,), public, territories)
            found |= by_place(public, str, asked[column])
        for year in shown.year_columns if cluster.kind == "flow" else ():
            of_quarters, of_thresholds = tuple(columns[each] for each in year), tuple(of_each[column] for column in year)
            known = tuple(told[column] for column in year)
            decided = disclose_year(cluster, of_quarters, of_thresholds, known, shown.of(cluster, year))
            public = inferred(cluster, decided, territories, groupings)
            shown.note(year, public, territories)
            found |= by_place(public, of_year, asked[year[-1]])
    return found


def by_place(bands_of: Mapping[str, Mapping[str, Band]], naming: Callable[[str], str], quarter: str) -> BandTable:
    """`bands_of` are those of each territory and grouping, by count."""
    return {(naming(name), place, quarter): band for place, bands in bands_of.items() for name, band in bands.items()}


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

    def __init__(self, table: BandTable, thresholds: Mapping[str, Thresholds], groupings: Groupings) -> None:
        self.table, self.thresholds, self.groupings = table, thresholds, groupings
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
            return self.single_cell(indicator, numerator, exact, territory, quarter)
        return self.rate_cell(indicator, figure, numerator, denominator, exact, territory, quarter)

    def cell(self, indicator: Indicator, figure: Figure, territory: str, quarter: str, exact: Cell) -> Cell:
        """What is shown of a figure, of which `exact` is the whole cell."""
        numerator = self.band(indicator.id, "numerator", territory, quarter, figure)
        if indicator.denominator is None:
            return self.single_cell(indicator, numerator, exact, territory, quarter)
        denominator = self.band(indicator.id, "denominator", territory, quarter, figure)
        return self.rate_cell(indicator, figure, numerator, denominator, exact, territory, quarter)

    def rate_cell(
        self, indicator: Indicator, figure: Figure, numerator: Band, denominator: Band, exact: Cell, territory: str, quarter: str
    ) -> Cell:
        floor = self.thresholds[quarter].rate_floor
        low_base = 0 < (figure.denominator or 0) < floor
        if numerator.exact and denominator.exact and not low_base:
            return exact
        if low_base and denominator.exact:
            reason = LOW_BASE.format(floor=floor)
        else:
            reason = OPEN_BASE if numerator.exact else self.reason(numerator, territory, quarter)
        told = numerator.least <= figure.numerator <= numerator.most and denominator.least <= (figure.denominator or 0) <= denominator.most
        if indicator.measure == "gap" or (numerator.hidden and denominator.hidden) or not told:
            return MaskedCell(reason)
        return BandCell(*ends(numerator), *ends(denominator), reason)

    def single_cell(self, indicator: Indicator, band: Band, exact: Cell, territory: str, quarter: str) -> Cell:
        if indicator.measure == "count":
            if band.exact:
                return exact
            reason = self.reason(band, territory, quarter)
            return MaskedCell(reason) if band.hidden else BandCell(*ends(band), None, None, reason)
        if all(self.averaged(indicator, member, quarter) for member in self.groupings.get(territory, (territory,))):
            return exact
        if territory in self.groupings:
            return MaskedCell(AVERAGE_OF_GROUPING)
        floor = self.thresholds[quarter].rate_floor
        return MaskedCell(LOW_BASE.format(floor=floor) if band.most < floor else UNKNOWN_BASE)

    def averaged(self, indicator: Indicator, territory: str, quarter: str) -> bool:
        """Whether enough people stand under a mean or a median of a territory."""
        band = self.table.get((count_name(indicator.id, "numerator"), territory, quarter), HIDDEN)
        return band.exact and (band.least >= self.thresholds[quarter].rate_floor or band.least == 0)

    def reason(self, band: Band, territory: str, quarter: str) -> str:
        """Why a number that is not shown exactly is not."""
        most = self.thresholds[quarter].small_cell - 1
        if band.least >= 1 and band.most <= most:
            return FEW.format(least=1, most=most)
        return OF_GROUPING if territory in self.groupings else NEIGHBOUR


def ends(band: Band) -> tuple[int | None, int | None]:
    return (None, None) if band.hidden else (band.least, band.most)
