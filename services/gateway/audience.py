"""What one client is told of the log, by the feed, a query or a webhook: the events that it may read and asked for, and hints."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from msgspec import Struct

from services.gateway.hints import Hint, with_hints
from services.gateway.read_access import ReadAccess
from shared.message import EventMessage
from shared.trust.access import Identity


class Territorial(Protocol):
    @property
    def territory(self) -> str: ...
    @property
    def kind(self) -> str: ...


class EventFilter(Struct, frozen=True):
    """The filter of one client: territories, and kinds (`coaching.JourneyExited`) or whole services (`coaching`). Empty is everything."""

    territories: frozenset[str]
    kinds: frozenset[str]

    def matches(self, event: Territorial) -> bool:
        return (not self.territories or event.territory in self.territories) and (
            not self.kinds or event.kind in self.kinds or event.kind.partition(".")[0] in self.kinds
        )


class Audience:
    """What one client sees of the log: events that it may read, and hints. `territories` are those of the programme."""

    def __init__(self, access: ReadAccess, identity: Identity, event_filter: EventFilter, territories: Iterable[str]) -> None:
        self.access = access
        self.identity = identity
        self.filter = event_filter
        self.hinted = access.hinted_territories(identity, territories)

    def hears_of(self, territory: str, *, anonymous: bool) -> bool:
        """Whether the client follows a territory and may read all that its figures count, as it happens."""
        followed = not self.filter.territories or territory in self.filter.territories
        return followed and self.access.exact(self.identity, territory) and (not anonymous or self.access.reads_answers(self.identity))

    def seen(self, page: Sequence[EventMessage], before: EventMessage | None) -> Iterator[EventMessage | Hint]:
        """What the client sees of a page; `before` is the event that precedes it in the log."""
        for event in with_hints(page, before, self.hinted):
            if self.filter.matches(event) and (isinstance(event, Hint) or self.access.may_read(self.identity, event)):
                yield event
