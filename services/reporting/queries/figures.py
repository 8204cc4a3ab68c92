"""All figures at one position of the log, each quarter under its version of the definitions: computed once, then read from memory.

A quarter has the version that is in force in it, unless a reader asks for another: then every quarter has that one.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from itertools import accumulate, groupby
from typing import Any

from sqlalchemy import Connection, Select, Table, select

from services.reporting.answers import BandCell, Cell, MaskedCell, Release, ValueCell
from services.reporting.coded_values import TARGET_OF
from services.reporting.disclosure.bands import Thresholds
from services.reporting.disclosure.families import INCREMENTS
from services.reporting.disclosure.view import MaskedView, bands, years
from services.reporting.facts import tables as t
from services.reporting.facts.decisions import DefinitionsPublished
from services.reporting.facts.versions import version_in_force
from services.reporting.indicators.catalogue import INDICATORS
from services.reporting.indicators.compute import FigureTable, compute_figures, of_groupings
from services.reporting.indicators.figure import Figure
from services.reporting.indicators.formatting import format_cell
from services.reporting.indicators.model import Indicator
from services.reporting.indicators.parameters import load_definitions, query_parameters
from services.reporting.indicators.printed import phrases
from services.reporting.ledger.figures import Ledger
from services.reporting.quarters import ordinal, quarter_id, quarters_between
from services.vocabulary.programme import PROGRAMME, Groupings
from shared.errors import Refused
from shared.message import Position

NO_GROUPINGS: Groupings = {}
MARGIN = 12  # quarters before and after those with facts that can be asked


class FigureSet:
    """The figures of some territories and quarters, from the ledger if it is given, else from the facts. Afterwards it reads nothing.

    Decisions (definitions, targets, releases) are those that were known at `position`, where the ledger or the facts must stand.

    What is masked depends on every quarter of every territory and of the programme, which comes last: only a set of all of them may show
    masked cells.
    """

    def __init__(
        self,
        connection: Connection,
        territories: Sequence[str],
        position: Position,
        version: int | None,
        quarters: list[str],
        groupings: Groupings = NO_GROUPINGS,
        ledger: Ledger | None = None,
    ) -> None:
        self.position = position
        self.published, self.asked = definitions_for(connection, version, position), version
        self.territories, self.quarters, self.groupings = territories, quarters, groupings
        self.named: dict[int, dict[str, Indicator]] = {}  # and the phrases of printed definitions, by version
        self.phrases: dict[int, dict[str, str]] = {}
        self.figures: FigureTable = {name: {} for name in INDICATORS}
        for number, group in groupby(quarters, self.version_in):
            span = list(group)
            if ledger is None or (number in ledger.incomplete and is_now(connection, position)):
                parameters = query_parameters(self.published[number], span)
                counted = compute_figures(partial(execute, connection, parameters), INDICATORS.values(), territories, span)
            else:
                counted = ledger.figures(INDICATORS.values(), territories, span, number)
            for name, cells in counted.items():
                self.figures[name] |= cells | of_groupings(cells, groupings, span)
        targets, releases = (connection.execute(in_force_at(table, position)) for table in (t.target, t.release))
        self.targets = {(row.indicator, row.territory, row.from_quarter): row.value for row in targets}
        self.released = {(row.indicator, row.territory, row.quarter): Release(row.authority, row.on) for row in releases}

    def version_in(self, quarter: str) -> int:
        """The version of the definitions under which a quarter is counted."""
        return self.asked or version_in_force(starts_of(self.published), quarter)

    def definitions_of(self, quarter: str) -> DefinitionsPublished:
        return self.published[self.version_in(quarter)]

    def indicators_of(self, quarter: str) -> dict[str, Indicator]:
        """The indicators that the definitions of a quarter have, in the order of the catalogue."""
        version = self.version_in(quarter)
        if version not in self.named:
            listed = self.definitions_of(quarter).indicators
            self.named[version] = {name: indicator for name, indicator in INDICATORS.items() if name in listed}
        return self.named[version]

    def printed_definition(self, name: str, quarter: str) -> str:
        """What an indicator is under the definitions of a quarter, in French."""
        version = self.version_in(quarter)
        if version not in self.phrases:
            self.phrases[version] = phrases(self.definitions_of(quarter))
        return INDICATORS[name].definition.format_map(self.phrases[version])

    def parameters_of(self, quarter: str) -> dict[str, Any]:
        """The bind parameters of sides, for one quarter."""
        return query_parameters(self.definitions_of(quarter), [quarter])

    @cached_property
    def thresholds(self) -> dict[str, Thresholds]:
        """Those of each quarter: the strictest until then. A later version changes nothing of how an earlier quarter was shown."""
        each = [Thresholds.of(self.published[self.version_shown(quarter)].thresholds) for quarter in self.shown_quarters]
        return dict(zip(self.shown_quarters, accumulate(each, Thresholds.or_stricter), strict=True))

    def version_shown(self, quarter: str) -> int:
        """The version that decides how a quarter is shown, whichever is asked."""
        return version_in_force(starts_of(self.published), quarter)

    @cached_property
    def masked(self) -> MaskedView:
        table = bands(self.figures, INDICATORS.values(), self.territories, self.thresholds, self.groupings)
        return MaskedView(table, self.thresholds, self.groupings)

    def figure(self, name: str, territory: str, quarter: str) -> Figure:
        return self.figures[name][territory, quarter]

    def target(self, name: str, territory: str, quarter: str) -> int | None:
        """The latest target in force in a quarter, in percent: the territory's own, or else the programme's."""
        measured = TARGET_OF.get(name, name)
        for target_territory in (territory, PROGRAMME):
            in_force: dict[str, int] = {
                from_quarter: value
                for (indicator, of, from_quarter), value in self.targets.items()
                if indicator == measured and of == target_territory and from_quarter <= quarter
            }
            if in_force:
                return in_force[max(in_force)]
        return None

    def exact_cell(self, name: str, territory: str, quarter: str) -> Cell:
        return format_cell(INDICATORS[name], self.figure(name, territory, quarter), self.target(name, territory, quarter))

    def committee_cell(self, name: str, territory: str, quarter: str) -> Cell:
        """The cell as a committee sees it: exact, in a band, or masked with the reason. A released one is shown."""
        exact, indicator = self.exact_cell(name, territory, quarter), INDICATORS[name]
        if indicator.internal or (name, territory, quarter) in self.released:
            return exact
        return self.masked.cell(indicator, self.figure(name, territory, quarter), territory, quarter, exact)

    def year_cell(self, name: str, territory: str, quarter: str) -> Cell | None:
        """Of what is counted in a quarter, the figure of the twelve months that end with it, as a committee sees it."""
        indicator = INDICATORS[name]
        year = next((year for year in years(self.shown_quarters) if year[-1] == quarter), None)
        if indicator.internal or indicator.cumulative or indicator.measure not in {"rate", "count"} or name in INCREMENTS or year is None:
            return None
        figures = [self.figure(name, territory, each) for each in year]
        denominator = None if indicator.denominator is None else sum(figure.denominator or 0 for figure in figures)
        figure = Figure(sum(figure.numerator for figure in figures), denominator)
        exact = format_cell(indicator, figure, None)
        return self.masked.year_cell(indicator, figure, territory, quarter, exact)

    @property
    def shown_quarters(self) -> list[str]:
        return self.quarters

    def committee_count(self, name: str, side: str, territory: str, quarter: str) -> Cell:
        """The count of one side of a figure, as a committee sees it."""
        figure = self.figure(name, territory, quarter)
        number = figure.numerator if side == "numerator" else figure.denominator or 0
        if INDICATORS[name].internal or (name, territory, quarter) in self.released:
            return ValueCell(number)
        band = self.masked.band(name, side, territory, quarter, figure)
        if band.exact:
            return ValueCell(number)
        reason = self.masked.reason(band, territory, quarter)
        return MaskedCell(reason) if band.hidden else BandCell(band.least, band.most, None, None, reason)

    def indicator(self, name: str, quarter: str) -> Indicator:
        """The indicator with this id.

        Raises:
            Refused: the definitions of the quarter do not have it (`indicator_unknown`).
        """
        if name not in self.indicators_of(quarter):
            raise Refused("indicator_unknown", indicator=name, version=self.version_in(quarter))
        return INDICATORS[name]


def is_now(connection: Connection, position: Position) -> bool:
    """Whether the facts are those of a position."""
    return connection.scalar(select(t.checkpoint.c.position)) == position


def execute(connection: Connection, parameters: Mapping[str, Any], statement: Any) -> Any:
    return connection.execute(statement, parameters)


def in_force_at(decisions: Table, position: Position) -> Select[Any]:
    """The rows of decisions that were in force at a position, in the order of the log: of two about the same thing the later counts."""
    ended = decisions.c.set_aside_at
    in_force = (decisions.c.position <= position, ended.is_(None) | (ended > position))
    return select(decisions).where(*in_force).order_by(decisions.c.position)


def definitions_for(connection: Connection, version: int | None, position: Position | None = None) -> dict[int, DefinitionsPublished]:
    """Every version of the definitions that is published, or was at a position.

    Raises:
        Refused: none is published (`definitions_none`), or the one that a reader asks for is not (`definitions_unknown`).
    """
    published = load_definitions(connection, as_of=position)
    if version is not None and version not in published:
        raise Refused("definitions_unknown", version=version)
    if not published:
        raise Refused("definitions_none")
    return published


def starts_of(published: Mapping[int, DefinitionsPublished]) -> dict[int, str | None]:
    """The first quarter of each version."""
    return {version: definitions.from_quarter for version, definitions in published.items()}


def first_served(first: str) -> str:
    return quarter_id(max(ordinal(first) - MARGIN, ordinal("2000-Q1")))


def last_served(last: str) -> str:
    return quarter_id(min(ordinal(last) + MARGIN, ordinal("2099-Q4")))


def known_quarters(connection: Connection, requested: str | None = None, position: Position | None = None) -> list[str]:
    """Every quarter from the first to the last with a fact, now or at a position, extended to the requested one. Empty if there is none.

    Raises:
        Refused: the requested one is far from all facts (`quarter_out_of_range`). Counting a century of quarters would hold up others.
    """
    widest = select(t.span.c.first_quarter, t.span.c.last_quarter).order_by(t.span.c.position.desc()).limit(1)
    span = tuple(connection.execute(widest if position is None else widest.where(t.span.c.position <= position)).first() or ())
    if requested and span and not first_served(span[0]) <= requested <= last_served(span[1]):
        raise Refused("quarter_out_of_range", first=first_served(span[0]), last=last_served(span[1]))
    quarters = [quarter for quarter in (*span, requested) if quarter]
    return quarters_between(min(quarters), max(quarters)) if quarters else []
