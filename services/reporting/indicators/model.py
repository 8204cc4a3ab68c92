"""What an indicator is: one declared object, from which come the figure, the facts behind it, their events and its printed definition.

A side is a question over facts that answers with rows of the same shape, for every quarter at once:
`quarter`, `territory`, `counted` (what is counted once), `on`, `person`, `detail`, `positions`, and `amount` where something is averaged.
"""

from typing import Any, Literal

from msgspec import Struct
from sqlalchemy import Select

Unit = Literal["percent", "count", "rating", "days", "points"]
Measure = Literal["rate", "count", "mean", "median", "gap"]
Side = Select[Any]


class Indicator(Struct, frozen=True, kw_only=True):
    """`numerator` alone for what is counted or averaged; both sides for a rate.

    `protected` is false only where the rows are not people: then nothing is masked.
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
    protected: bool = True


def rate(id: str, label: str, definition: str, numerator: Side, denominator: Side, *, cumulative: bool = False, **said: Any) -> Indicator:
    return Indicator(
        id=id,
        label=label,
        definition=definition,
        numerator=numerator,
        denominator=denominator,
        unit="percent",
        measure="rate",
        cumulative=cumulative,
        **said,
    )


def count(id: str, label: str, definition: str, numerator: Side, *, cumulative: bool = False, **said: Any) -> Indicator:
    return Indicator(
        id=id, label=label, definition=definition, numerator=numerator, unit="count", measure="count", cumulative=cumulative, **said
    )


def middle(id: str, label: str, definition: str, numerator: Side, **said: Any) -> Indicator:
    """A median, in days."""
    return Indicator(
        id=id, label=label, definition=definition, numerator=numerator, unit="days", measure="median", cumulative=False, **said
    )
