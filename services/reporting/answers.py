"""What the reporting service answers to queries: its published language, which the gateway reads and the HTTP interface shows.

Over RPC an answer travels as plain JSON values: the service encodes it with `to_wire`, the gateway decodes it with `from_wire`. The
gateway sends Figures and Evidence to its own clients, so the names and the order of their fields are part of the HTTP interface.

This module and the other `*_answers` are the only ones of a service that another service may import (`tests/architecture/walls.py`). They
import nothing but msgspec and the shared kernel, so they must stay free of SQLAlchemy, of facts and of indicators.
"""

from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType

from shared.message import Actor, Position

T = TypeVar("T")


class Cell:
    """What is shown for one indicator in one territory and quarter: one of the shapes below.

    In JSON a shape has no tag: its fields tell it apart from the others.
    """

    __slots__ = ()


class RateCell(Struct, Cell, frozen=True):
    """`percent` is rounded half up, and null when the denominator is 0."""

    numerator: int
    denominator: int
    percent: int | None


class ValueCell(Struct, Cell, frozen=True):
    """A count, a mean with one decimal, or a median in days; null when there is nothing to average."""

    value: int | float | None


class GapCell(Struct, Cell, frozen=True):
    """`value` is the gap to the target in points, `missing` how many persons are missing to reach it; null without a target."""

    value: int | None
    missing: int | None


class MaskedCell(Struct, Cell, frozen=True):
    """`masked` is the reason, in French, why the committee does not see the figure."""

    masked: str


class BandCell(Struct, Cell, frozen=True):
    """A figure that a committee sees inexactly: its count from `least` to `most`, and for a rate that of its total; `masked` says why.

    The ends are null where nothing is shown of a side, or where the figure has no total.
    """

    least: int | None
    most: int | None
    of_least: int | None
    of_most: int | None
    masked: str


CELL_SHAPES = (RateCell, ValueCell, GapCell, MaskedCell, BandCell)
SHAPE_BY_FIELDS = {frozenset(shape.__struct_fields__): shape for shape in CELL_SHAPES}


class Figures(Struct, frozen=True):
    """The figures of a territory and a quarter, by id of indicator, at a position and with a version of the definitions."""

    territory: str
    quarter: str
    position: Position
    definitions: int
    indicators: dict[str, Cell]


class Fact(Struct, frozen=True):
    """One fact that a figure counts, and the positions of its source events. The last three fields may be unset."""

    fact: str
    on: str | None
    positions: list[Position]
    territory: str | UnsetType | None = UNSET
    person: str | UnsetType | None = UNSET
    detail: str | UnsetType | None = UNSET

    @property
    def has_details(self) -> bool:
        return self.territory is not UNSET


class Release(Struct, frozen=True):
    """A decision that shows a figure which would be masked: whose it is, and its day (ISO)."""

    authority: str
    on: str


class Evidence(Struct, frozen=True):
    """The facts that one side of a figure counts. A committee gets their count alone, or the reason for which it is masked.

    `released` is the decision that shows the figure, if there is one.
    """

    indicator: str
    label: str
    definition: str
    side: str
    count: int | None
    facts: list[Fact]
    masked: str | None
    released: Release | UnsetType = UNSET


class TerritoryName(Struct, frozen=True):
    id: str
    label: str


class Target(Struct, frozen=True):
    """A target in percent; the gap in points and the missing persons, unless the figure is masked or empty."""

    value: int
    gap_points: int | None
    missing: int | None


class TrendPoint(Struct, frozen=True):
    """`target` is the one in force in the quarter, in percent."""

    quarter: str
    cell: Cell
    target: int | None = None


class IndicatorLine(Struct, frozen=True):
    """An indicator on the committee's page: this quarter, the previous one, the target and every quarter.

    `released` is the decision by which this quarter's figure is shown though it would be masked; `stock` says that a cumulative figure
    counts what still stands on the last day of the quarter; `year` is the figure of the twelve
    months that end with this quarter, where a year of the programme ends.
    """

    id: str
    label: str
    section: str
    unit: str
    cumulative: bool
    definition: str
    population: str
    cell: Cell
    previous: Cell | None
    target: Target | None
    trend: list[TrendPoint]
    released: Release | None = None
    year: Cell | None = None
    stock: bool = False


class FunnelStage(Struct, frozen=True):
    """How many people reached a stage between the first contact and the exit: one side of an indicator."""

    id: str
    label: str
    indicator: str
    side: str
    cell: Cell


class CommitteePage(Struct, frozen=True):
    """All that the committee of a territory sees of a quarter.

    `definitions` is the version under which the quarter is counted, one of the published `versions`. `recorded` is the recording time of
    the last event counted, ISO. `closed_on` is the day from which the figures are fixed, for readers who see them as they were known then.
    Who follows the page hears of what changes it after the position `follow_after`. `begun` is when the first definitions were recorded:
    as of an earlier moment there is no figure.
    """

    territory: TerritoryName
    quarter: str
    quarter_label: str
    previous_quarter: str | None
    next_quarter: str | None
    quarters: list[str]
    position: Position
    recorded: str | None
    closed_on: str | None
    follow_after: Position
    begun: str | None
    definitions: int
    versions: list[int]
    indicators: list[IndicatorLine]
    flow: list[FunnelStage]


class TimelineEntry(Struct, frozen=True):
    """An event about a person. `on` is the day it happened, `recorded` the time it was recorded, both ISO."""

    position: Position
    event_id: str
    kind: str
    on: str
    recorded: str
    territory: str
    actor: Actor
    data: dict[str, Any]
    set_aside: str | None = None  # why it counts nowhere


class Timeline(Struct, frozen=True):
    """The events about a person, under all of their merged `records`, in the order of recording."""

    person: str
    records: list[str]
    entries: list[TimelineEntry]


def to_wire(answer: object) -> Any:
    """An answer as plain JSON values; unset fields are left out."""
    return msgspec.to_builtins(answer)


def from_wire(reply: Any, shape: type[T]) -> T:
    """An answer of this shape, from plain JSON values. Fields that the shape does not have are ignored.

    Raises:
        msgspec.ValidationError: the values do not have this shape.
    """
    return msgspec.convert(reply, shape, dec_hook=decode_cell)


def decode_cell(type_: type, value: Any) -> Any:
    """msgspec's hook for types that it does not know: here, `Cell`. (It decodes unions of structs only if they have tags.)"""
    known = [fields for fields in SHAPE_BY_FIELDS if fields <= value.keys()] if type_ is Cell and isinstance(value, dict) else []
    if not known or max(known, key=len) != frozenset().union(*known):  # of none, or of two at once
        raise ValueError(f"not a {type_.__name__}: {value!r}")
    return msgspec.convert(value, SHAPE_BY_FIELDS[max(known, key=len)])  # a newer service may have added fields, which are ignored
