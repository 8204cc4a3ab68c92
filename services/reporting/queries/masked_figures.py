"""The figures of closed quarters, as readers of masked figures see them: see `closed` and `disclosure`."""

from collections.abc import Mapping
from functools import cached_property

from services.reporting.answers import Cell, MaskedCell
from services.reporting.disclosure.bands import HIDDEN
from services.reporting.disclosure.families import Cluster, clusters
from services.reporting.disclosure.view import BandTable, MaskedView, bands, numbers, of_year, years
from services.reporting.indicators.catalogue import INDICATORS
from services.reporting.indicators.compute import FigureTable
from services.reporting.queries.closed import ClosedQuarter
from services.reporting.queries.figures import FigureSet
from services.vocabulary.french_format import day
from services.vocabulary.publication import closing_day
from shared.message import START

NOT_CLOSED = "Ce trimestre n’est pas clos : il est montré au comité à partir du {day}."
OTHER_VERSION = (
    "Ce nombre a été montré avec la version {version} des définitions : deux versions en donneraient un plus petit par différence."
)


class MaskedFigures(FigureSet):
    """`live` has the same quarters, with the definitions, targets and releases in force now. `asked` is the version that a reader names.

    A quarter is shown under the version that was in force at its closing. Another version shows only counts that are the same in it: the
    difference of the others would tell how many people had one kind of outcome.
    """

    def __init__(self, live: FigureSet, closed: Mapping[str, ClosedQuarter], asked: int | None) -> None:
        self.__dict__.update({name: value for name, value in vars(live).items() if name not in {"masked", "thresholds"}})
        self.closed, self.asked = closed, asked
        last = max(closed.values(), key=lambda quarter: quarter.quarter, default=None)
        self.position = last.position if last else START
        self.recorded = last.recorded if last else None
        self.figures = {
            name: {
                (territory, quarter): self.source(name, quarter, last)[name][territory, quarter]
                for territory, quarter in cells
                if quarter in closed
            }
            for name, cells in live.figures.items()
        }

    @property
    def shown_quarters(self) -> list[str]:
        return [quarter for quarter in self.quarters if quarter in self.closed]

    def source(self, name: str, quarter: str, last: ClosedQuarter | None) -> FigureTable:
        """Where a figure comes from: its quarter's closing; the last closing, for what is not about people."""
        of = self.closed[quarter] if INDICATORS[name].protected or last is None else last
        return of.figures[self.version_in(quarter)]

    def version_in(self, quarter: str) -> int:
        """For a quarter that is closed, the version that was in force in it as its closing knew it."""
        return self.asked or (self.closed[quarter].version if quarter in self.closed else super().version_in(quarter))

    def version_shown(self, quarter: str) -> int:
        return self.closed[quarter].version

    @cached_property
    def masked(self) -> MaskedView:
        in_force: FigureTable = {name: {} for name in self.figures}
        for quarter, closed in self.closed.items():
            for name, cells in closed.figures[closed.version].items():
                in_force[name] |= {cell: figure for cell, figure in cells.items() if cell[1] == quarter}
        quarters = self.shown_quarters
        table = bands(in_force, INDICATORS.values(), self.territories, self.thresholds)
        return MaskedView(table | self.hidden_by_version(in_force, quarters), self.thresholds)

    def hidden_by_version(self, in_force: FigureTable, quarters: list[str]) -> BandTable:
        """The counts of clusters that differ, in a quarter, between the version that was in force and the one that is asked."""
        hidden: BandTable = {}
        for cluster in clusters(INDICATORS.values()):
            for quarter in quarters:
                if numbers(in_force, cluster, self.territories, quarter) != numbers(self.figures, cluster, self.territories, quarter):
                    hidden |= self.hidden_quarter(cluster, quarter, quarters)
        return hidden

    def hidden_quarter(self, cluster: Cluster, quarter: str, quarters: list[str]) -> BandTable:
        """The counts of a cluster in a quarter, and in the year that it belongs to."""
        ends = [year[-1] for year in years(quarters) if quarter in year]
        names = [(name, quarter) for name in cluster.counts] + [(of_year(name), end) for name in cluster.counts for end in ends]
        return {(name, territory, each): HIDDEN for name, each in names for territory in self.territories}

    def committee_cell(self, name: str, territory: str, quarter: str) -> Cell:
        return super().committee_cell(name, territory, quarter) if quarter in self.closed else self.not_closed(quarter)

    def committee_count(self, name: str, side: str, territory: str, quarter: str) -> Cell:
        return super().committee_count(name, side, territory, quarter) if quarter in self.closed else self.not_closed(quarter)

    def not_closed(self, quarter: str) -> Cell:
        return MaskedCell(NOT_CLOSED.format(day=day(closing_day(quarter))))
