"""What an indicator is: one declared object that gives the figure, the facts that it counts, their events and the printed definition.

A *side* of an indicator, its numerator or its denominator, is a query over the tables of facts. Every side returns rows of the same
columns, for all quarters at once (`queries` says which). Counting these rows gives the figure; listing them gives its evidence.
"""

from typing import Any, Literal

from msgspec import Struct
from sqlalchemy import Select

Unit = Literal["percent", "count", "rating", "days", "points"]
Measure = Literal["rate", "count", "mean", "median", "gap"]
Side = Select[Any]


class Indicator(Struct, frozen=True, kw_only=True):
    """An indicator of the catalogue. `label`, `definition`, `population` and `section` are French texts for the pages.

    - `definition` is a template: what a version of the definitions decides is filled in when it is printed (`printed`).
    - `fact`: the kind of fact that its evidence lists.
    - `measure`: how the figure is computed. A rate and a gap to a target have both sides; the others have a numerator alone.
    - `cumulative`: whether facts count since the start of the programme, or within the quarter.
    - `stock`: a cumulative count of what still stands on the last day of the quarter.
    - `internal`: how the programme records, known after a quarter has closed; readers of masked figures are not shown it.
    """

    id: str
    label: str
    definition: str
    population: str
    section: str
    fact: str
    unit: Unit
    measure: Measure
    cumulative: bool
    numerator: Side
    denominator: Side | None = None
    internal: bool = False
    stock: bool = False


def rate_indicator(
    id: str, label: str, definition: str, numerator: Side, denominator: Side, *, cumulative: bool = False, **attributes: Any
) -> Indicator:
    """Numerator over denominator, in percent. `attributes` are other fields of Indicator."""
    return Indicator(
        id=id,
        label=label,
        definition=definition,
        numerator=numerator,
        denominator=denominator,
        unit="percent",
        measure="rate",
        cumulative=cumulative,
        **attributes,
    )


def count_indicator(id: str, label: str, definition: str, numerator: Side, *, cumulative: bool = False, **attributes: Any) -> Indicator:
    """How many are counted. `attributes` are other fields of Indicator."""
    return Indicator(
        id=id, label=label, definition=definition, numerator=numerator, unit="count", measure="count", cumulative=cumulative, **attributes
    )


def median_indicator(id: str, label: str, definition: str, numerator: Side, **attributes: Any) -> Indicator:
    """The median of the amounts of the numerator, in days, within the quarter. `attributes` are other fields of Indicator."""
    return Indicator(
        id=id, label=label, definition=definition, numerator=numerator, unit="days", measure="median", cumulative=False, **attributes
    )
