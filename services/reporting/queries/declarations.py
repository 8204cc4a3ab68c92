"""What the indicators are, under a version of the definitions, and their figures over all quarters."""

from sqlalchemy import Connection

from services.reporting.answers import TrendPoint
from services.reporting.definition_answers import Declaration, Declarations, DefinitionsVersion
from services.reporting.indicators.catalogue import INDICATORS
from services.reporting.indicators.model import Indicator
from services.reporting.indicators.printed import printed_definition
from services.reporting.queries.committee import target_value
from services.reporting.queries.figures import FigureSet, definitions_for, starts_of


def declarations(connection: Connection, version: int | None = None) -> Declarations:
    """The indicators of a version, by default the latest.

    Raises:
        Refused: no definitions are published, or not this version.
    """
    published = definitions_for(connection, version)
    chosen = published[version or max(published)]
    declared = [
        declaration(indicator, printed_definition(indicator, chosen)) for name, indicator in INDICATORS.items() if name in chosen.indicators
    ]
    versions = [DefinitionsVersion(number, quarter) for number, quarter in sorted(starts_of(published).items())]
    return Declarations(chosen.version, declared, versions)


def declaration(indicator: Indicator, definition: str) -> Declaration:
    return Declaration(
        id=indicator.id,
        label=indicator.label,
        section=indicator.section,
        definition=definition,
        population=indicator.population,
        unit=indicator.unit,
        measure=indicator.measure,
        cumulative=indicator.cumulative,
        stock=indicator.stock,
        sides=["numerator"] if indicator.denominator is None else ["numerator", "denominator"],
    )


def trend(figures: FigureSet, name: str, territory: str, *, masked: bool) -> list[TrendPoint]:
    """A figure in every quarter that its reader may see and whose definitions have it."""
    cell = figures.committee_cell if masked else figures.exact_cell
    quarters = [quarter for quarter in figures.shown_quarters if name in figures.indicators_of(quarter)]
    return [TrendPoint(quarter, cell(name, territory, quarter), target_value(figures, name, territory, quarter)) for quarter in quarters]
