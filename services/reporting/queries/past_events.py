"""What events up to an earlier position changed, with those that are set aside now and were not then."""

from collections.abc import Collection, Iterator

from sqlalchemy import Connection, select

from services.reporting.facts import tables as t
from services.reporting.facts.change import Change
from services.reporting.facts.fold import EventChanges
from services.reporting.facts.tables import POSITION_SEPARATOR
from services.reporting.projection.set_aside import SetAside, readable_changes
from services.reporting.queries.evidence import ReadEvents
from shared.message import Position


class PastEvents:
    """`restored` are the positions of the events that are set aside now and counted at `position`."""

    def __init__(self, connection: Connection, read_events: ReadEvents, position: Position) -> None:
        self.read_events, self.position = read_events, position
        decided = connection.execute(select(t.set_aside.c.position, t.set_aside.c.positions)).all()
        self.aside = SetAside({row.position: min(positions_of(row.positions)) for row in decided})
        self.restored = [at for at, since in self.aside.passed_over.items() if at <= position < since]

    def changes_at(self, positions: Collection[Position]) -> list[Change]:
        """What these events changed, and the restored ones."""
        return [change for _, changes in self.read({*positions, *self.restored}) for change in changes]

    def read(self, positions: Collection[Position]) -> Iterator[EventChanges]:
        """In the order of the log."""
        return ((event.position, readable_changes(event, self.aside)) for event in self.read_events(sorted(positions)))


def positions_of(text: str) -> list[Position]:
    """The positions of the events of a row."""
    return [int(position) for position in text.split(POSITION_SEPARATOR)]
