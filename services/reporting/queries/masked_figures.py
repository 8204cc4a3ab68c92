"""The figures of closed quarters, as readers of masked figures see them: see `closed` and `disclosure`."""

from collections.abc import Mapping
from functools import cached_property

from msgspec.structs import replace

from services.reporting.answers import BandCell, Cell, MaskedCell
from services.reporting.disclosure.bands import HIDDEN
from services.reporting.disclosure.families import INCREMENTS, clusters, count_name
from services.reporting.disclosure.view import BandTable, MaskedView, bands, numbers, of_year, years
from services.reporting.indicators.catalogue import INDICATORS
from services.reporting.indicators.compute import FigureTable
from services.reporting.queries.closed import ClosedQuarter
from services.reporting.queries.committee import LogRead
from services.reporting.queries.figures import FigureSet
from services.vocabulary.french_format import day
from services.vocabulary.publication import closing_day
from shared.message import START

NOT_CLOSED = "Ce trimestre n’est pas clos : il est montré au comité à partir du {day}."
INTERNAL = "Ce nombre n’est connu qu’après la clôture du trimestre : il n’est pas montré au comité."
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
        self.position = max((quarter.position for quarter in closed.values()), default=START)
        self.figures = {
            name: {
                (territory, quarter): self.source(quarter)[name][territory, quarter] for territory, quarter in cells if quarter in closed
            }
            for name, cells in live.figures.items()
        }

    def read(self, quarter: str) -> LogRead:
        """Up to where the log was read for a quarter: to its closing."""
        if quarter not in self.closed:
            return LogRead(self.position, None)
        closed = self.closed[quarter]
        return LogRead(closed.position, closed.recorded, closing_day(quarter).isoformat())

    @property
    def shown_quarters(self) -> list[str]:
        return [quarter for quarter in self.quarters if quarter in self.closed]

    def source(self, quarter: str) -> FigureTable:
        """Where the figures of a quarter come from: its closing."""
        return self.closed[quarter].figures[self.version_in(quarter)]

    def version_in(self, quarter: str) -> int:
        """For a quarter that is closed, the version that was in force in it as its closing knew it."""
        return self.asked or (self.closed[quarter].version if quarter in self.closed else super().version_in(quarter))

    def version_shown(self, quarter: str) -> int:
        return self.closed[quarter].version

    @cached_property
    def in_force(self) -> FigureTable:
        """The figures under the version that was in force in each quarter."""
        found: FigureTable = {name: {} for name in self.figures}
        for quarter, closed in self.closed.items():
            for name, cells in closed.figures[closed.version].items():
                found[name] |= {cell: figure for cell, figure in cells.items() if cell[1] == quarter}
        return found

    @cached_property
    def differing(self) -> set[tuple[str, str]]:
        """The counts and quarters that differ, in some territory, between the version that was in force and the one that is asked."""
        found = set[tuple[str, str]]()
        for cluster in clusters(INDICATORS.values()):
            for quarter in self.shown_quarters:
                shown, asked = (dict(numbers(figures, cluster, self.territories, quarter)) for figures in (self.in_force, self.figures))
                found |= {(name, quarter) for name in shown if shown[name] != asked[name]}
        return found

    @cached_property
    def masked(self) -> MaskedView:
        table = bands(self.in_force, INDICATORS.values(), self.territories, self.thresholds, self.groupings)
        return MaskedView(table | self.hidden_by_version(), self.thresholds, self.groupings)

    def hidden_by_version(self) -> BandTable:
        """What differs, in its quarter and in the year that it belongs to."""
        spans = [(name, quarter) for name, quarter in self.differing]
        spans += [(of_year(name), year[-1]) for name, quarter in self.differing for year in years(self.shown_quarters) if quarter in year]
        return {(name, place, quarter): HIDDEN for name, quarter in spans for place in (*self.territories, *self.groupings)}

    def committee_cell(self, name: str, territory: str, quarter: str) -> Cell:
        return self.withheld(name, quarter) or self.explained(name, quarter, super().committee_cell(name, territory, quarter))

    def committee_count(self, name: str, side: str, territory: str, quarter: str) -> Cell:
        return self.withheld(name, quarter) or self.explained(name, quarter, super().committee_count(name, side, territory, quarter))

    def withheld(self, name: str, quarter: str) -> MaskedCell | None:
        if quarter not in self.closed:
            return MaskedCell(NOT_CLOSED.format(day=day(closing_day(quarter))))
        return MaskedCell(INTERNAL) if INDICATORS[name].internal else None

    def explained(self, name: str, quarter: str, cell: Cell) -> Cell:
        """The cell, with the true reason if the version that is asked is why it is not exact."""
        counts = [INCREMENTS[name]] if name in INCREMENTS else [count_name(name, side) for side in ("numerator", "denominator")]
        if isinstance(cell, MaskedCell | BandCell) and any((count, quarter) in self.differing for count in counts):
            return replace(cell, masked=OTHER_VERSION.format(version=self.version_shown(quarter)))
        return cell
