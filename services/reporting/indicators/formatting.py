"""Figures as they are handed out: exact counts beside rounded percentages."""

from typing import Any

from services.reporting.indicators.figure import Figure, half_up
from services.reporting.indicators.model import Indicator

Cell = dict[str, Any]


def cell(indicator: Indicator, figure: Figure, target: int | None) -> Cell:
    match indicator.measure:
        case "rate":
            return {"numerator": figure.numerator, "denominator": figure.denominator, "percent": figure.percent}
        case "count":
            return {"value": figure.numerator}
        case "mean":
            return {"value": None if figure.tenths is None else figure.tenths / 10}
        case "median":
            return {"value": figure.median}
        case "gap":
            return gap(figure, target)


def gap(figure: Figure, target: int | None) -> Cell:
    """Points between the rate and its target, and how many persons are missing (none when negative) to reach it."""
    if target is None or not figure.denominator:
        return {"value": None, "missing": None}
    points = half_up(100 * figure.numerator - target * figure.denominator, figure.denominator)
    return {"value": points, "missing": missing(figure, target)}


def missing(figure: Figure, target: int) -> int:
    """ceil(target × cohort) − those counted, in integers."""
    return -(-target * (figure.denominator or 0) // 100) - figure.numerator
