"""What readers of masked figures hear in the feed: that figures of a territory have changed, and nothing of any single event.

Their figures change when a quarter closes (`services.vocabulary.publication`), so there is one hint for each of their territories at that
moment, whether or not anything happened there: hints can neither be counted nor dated. A hint is no event of the log. Its position is that
of the last event before the closing, from which the feed can be resumed.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from services.vocabulary.publication import period
from shared.message import PREFIX, EventMessage, Position

KIND = "reporting.FiguresChanged"


class Hint(Struct, frozen=True):
    """The fields are a part of those of an event, so that clients read both alike, and enough for a CloudEvent. See `hint`."""

    id: str
    position: Position
    territory: str
    type: str = f"{PREFIX}{KIND}"
    source: str = "/parcours/reporting"
    specversion: str = "1.0"

    @property
    def kind(self) -> str:
        return KIND


def hint(position: Position, territory: str) -> Hint:
    """The hint of a territory. Its id says nothing that its other fields do not say."""
    return Hint(f"{KIND}/{territory}/{position}", position, territory)


def with_hints(page: Sequence[EventMessage], before: EventMessage | None, territories: Sequence[str]) -> Iterator[EventMessage | Hint]:
    """The events of a page, and before the first event of each new period a hint for each of these territories."""
    for event in page:
        if territories and before is not None and period(event.recordedtime) > period(before.recordedtime):
            yield from (hint(before.position, territory) for territory in territories)
        before = event
        yield event
