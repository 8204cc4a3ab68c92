"""From a figure to the cell that readers get: exact counts, and percentages rounded half up."""

from services.reporting.answers import Cell, GapCell, RateCell, ValueCell
from services.reporting.indicators.figure import Figure, round_half_up
from services.reporting.indicators.model import Indicator


def format_cell(indicator: Indicator, figure: Figure, target: int | None) -> Cell:
    """The cell of a figure, unmasked. `target` is the percentage that a gap is measured against."""
    match indicator.measure:
        case "rate":
            return RateCell(figure.numerator, figure.denominator or 0, figure.percent)
        case "count":
            return ValueCell(figure.numerator)
        case "mean":
            return ValueCell(None if figure.mean_tenths is None else figure.mean_tenths / 10)
        case "median":
            return ValueCell(figure.median)
        case "gap":
            return gap_cell(figure, target)


def gap_cell(figure: Figure, target: int | None) -> GapCell:
    """Gap to target = rate - target, in points rounded half up, and the number of persons missing to reach the target."""
    if target is None or not figure.denominator:
        return GapCell(None, None)
    points = round_half_up(100 * figure.numerator - target * figure.denominator, figure.denominator)
    return GapCell(points, missing_persons(figure, target))


def missing_persons(figure: Figure, target: int) -> int:
    """ceil(target × cohort) - numerator, in integers. Negative when the target is exceeded."""
    return -(-target * (figure.denominator or 0) // 100) - figure.numerator
