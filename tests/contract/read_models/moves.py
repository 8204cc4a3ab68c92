"""Which figures differ between two positions, by reading them at both: what messages about moved figures have to name."""

from collections.abc import Iterable

from services.reporting.answers import Cell
from services.reporting.change_answers import MovedCell
from services.reporting.queries.reports import Reports
from shared.message import Position
from tests.contract.read_models.tables import TOWNS

Figure = tuple[str, str, str]  # indicator, territory, quarter


def changed_figures(report: Reports, since: Position, until: Position) -> set[Figure]:
    """Of the territories: those of the programme change with them."""
    before, after = (figures_at(report, position) for position in (since, until))
    return {figure for figure, cell in after.items() if before.get(figure) != cell}


def figures_at(report: Reports, position: Position) -> dict[Figure, Cell]:
    cells = {
        (town, quarter): report.figures(town, quarter, as_of=str(position)).indicators for town in TOWNS for quarter in report.quarters()
    }
    return {(indicator, *place): cell for place, indicators in cells.items() for indicator, cell in indicators.items()}


def named(cells: Iterable[MovedCell], figures: Iterable[Figure]) -> set[Figure]:
    """Of these figures, those that a message names."""
    told = list(cells)
    return {
        (indicator, territory, quarter)
        for indicator, territory, quarter in figures
        if any(
            (cell.indicator, cell.territory) == (indicator, territory)
            and (cell.quarter == quarter or (cell.onwards and cell.quarter < quarter))
            for cell in told
        )
    }
