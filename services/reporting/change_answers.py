"""What the reporting service answers about how figures changed between two moments.

Part of the published language of the service, like `answers`.
"""

from msgspec import Struct

from services.reporting.answers import Cell, TimelineEntry
from shared.message import PREFIX, Position

FIGURES_MOVED = "reporting.FiguresMoved"


class ChangesAsked(Struct, frozen=True):
    """`since` and `until` are moments, as `as-of` is; by default now. Of the events, `limit` after the position `after`."""

    territory: str
    quarter: str
    since: str | None = None
    until: str | None = None
    indicator: str | None = None
    definitions: int | None = None
    after: Position | None = None
    limit: int = 100


class Move(Struct, frozen=True):
    """By how much an event changed the count of one side of an indicator, in a territory.

    `amount` is what is counted, where a mean or a median is made of amounts.
    """

    indicator: str
    side: str
    territory: str
    change: int
    amount: int | None = None


class MovingEvent(Struct, frozen=True):
    """An event, and the counts that it changed."""

    event: TimelineEntry
    moves: list[Move]


class ChangedFigure(Struct, frozen=True):
    """A figure that is not the same at the two moments. `before` is null where no definitions were published yet."""

    indicator: str
    label: str
    unit: str
    before: Cell | None
    after: Cell


class Changes(Struct, frozen=True):
    """Why the figures of a quarter changed from one position of the log to another, `since` excluded and `until` included.

    `definitions` is the version under which they are counted at the end. `next` continues the events, null at their end.
    """

    territory: str
    quarter: str
    since: Position
    until: Position
    definitions: int
    figures: list[ChangedFigure]
    events: list[MovingEvent]
    next: Position | None


class MovedCell(Struct, frozen=True):
    """A figure that moved: of an indicator, in a territory and so in the whole programme, in a quarter and, `onwards`, in all after it.

    `definitions` is the version under which it moved, null for all. `anonymous` figures count answers that nobody signs.
    """

    indicator: str
    territory: str
    quarter: str
    onwards: bool
    definitions: int | None
    anonymous: bool


class Moved(Struct, frozen=True):
    """The figures that events up to a position moved. The read models may not have reached the position that was asked for."""

    position: Position
    cells: list[MovedCell]


class FiguresMoved(Struct, frozen=True):
    """Figures to read again, as they are at this position or after it. No event of the log, with the fields that clients read alike.

    It is told once the read models have applied the events up to the position.
    """

    id: str
    position: Position
    cells: list[MovedCell]
    type: str = f"{PREFIX}{FIGURES_MOVED}"
    source: str = "/parcours/reporting"
    specversion: str = "1.0"


def figures_moved(position: Position, cells: list[MovedCell]) -> FiguresMoved:
    return FiguresMoved(f"{FIGURES_MOVED}/{position}", position, cells)
