"""What followers of figures hear: after each few events which figures moved, of the territories whose exact figures they may read.

Readers of masked figures hear nothing but hints, whichever kind they follow (`hints`): what moved, and when, would tell small numbers
apart. Who may not read the answers to the survey is not told when one arrives either.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from threading import Lock

from services.gateway.audience import Audience
from services.gateway.hints import Hint
from services.gateway.reporting_client import ReportingClient
from services.reporting.change_answers import FiguresMoved, Moved, figures_moved
from shared.message import EventMessage, Position

MAX_KNOWN = 64  # answers of the reporting service, for all followers together


class FiguresFeed:
    """Asks the reporting service once for all followers who are at one position."""

    def __init__(self, reports: ReportingClient) -> None:
        self.reports = reports
        self.known: OrderedDict[tuple[Position, Position], Moved] = OrderedDict()
        self.asking = Lock()

    def moved(self, after: Position, until: Position) -> Moved:
        """Which figures moved after a position. Waits a little for the read models to reach the other one.

        Raises:
            Unavailable: the reporting service does not answer.
        """
        with self.asking:
            if (after, until) not in self.known:
                found = self.reports.moved(after, until)
                if found.position < until:
                    return found
                self.known[after, until] = found
                if len(self.known) > MAX_KNOWN:
                    self.known.popitem(last=False)
            return self.known[after, until]

    def told(
        self, audience: Audience, page: Sequence[EventMessage], before: EventMessage | None, after: Position
    ) -> tuple[list[Hint | FiguresMoved], Position]:
        """What a follower hears of a page of events, and up to where the read models have applied it.

        Raises:
            Unavailable: the reporting service does not answer.
        """
        found = self.moved(after, page[-1].position)
        reached = [event for event in page if event.position <= found.position]
        told: list[Hint | FiguresMoved] = [*hints_of(audience, reached, before)]
        if cells := [cell for cell in found.cells if audience.hears_of(cell.territory, anonymous=cell.anonymous)]:
            told.append(figures_moved(found.position, cells))
        return told, max(after, found.position)


def hints_of(audience: Audience, page: Sequence[EventMessage], before: EventMessage | None) -> Iterator[Hint]:
    return (each for each in audience.seen(page, before) if isinstance(each, Hint))
