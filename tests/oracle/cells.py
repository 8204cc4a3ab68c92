"""From what the oracle counts to the cell that `parcours indicators --json` prints. Only the standard library."""

from typing import Any

from tests.oracle.facts import Fact

Cell = dict[str, Any]


def rate(numerator: int, denominator: int) -> Cell:
    percent = nearest(100 * numerator, denominator) if denominator else None
    return {"numerator": numerator, "denominator": denominator, "percent": percent}


def gap(positive: int, cohort: int, target: int | None) -> Cell:
    """The rate minus the target, in points; and how many more people are needed to reach the target, rounded up."""
    if target is None or not cohort:
        return {"value": None, "missing": None}
    return {"value": nearest(100 * positive - target * cohort, cohort), "missing": (target * cohort + 99) // 100 - positive}


def median_delay(facts: list[Fact]) -> int | None:
    days = sorted((fact["answer"]["on"] - fact["on"]).days for fact in facts)
    return nearest(days[(len(days) - 1) // 2] + days[len(days) // 2], 2) if days else None


def nearest(numerator: int, denominator: int) -> int:
    """The nearest integer to a fraction; a half goes up."""
    return (2 * numerator + denominator) // (2 * denominator)
