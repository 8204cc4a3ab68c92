"""Which events and timelines a visitor may open: a page links to no other."""

from collections.abc import Iterable

from services.gateway.dependencies import GatewayDeps
from services.gateway.pages.person_record import followed_in
from services.gateway.read_access import ReadAccess
from services.gateway.reporting_client import ReportingClient
from services.vocabulary.person_standing import MOVES, PersonStandings, moved_to
from shared.errors import Forbidden
from shared.message import Position
from shared.trust.access import Identity


class Openable:
    def __init__(self, access: ReadAccess, reports: ReportingClient, deps: GatewayDeps) -> None:
        self.access = access
        self.reports = reports
        self.deps = deps
        self.standings = PersonStandings()

    def events(self, visitor: Identity, positions: Iterable[Position]) -> frozenset[Position]:
        """Those of the positions whose events the visitor may read."""
        asked = frozenset(positions)
        match self.access.permissions.scope(visitor.actor.role, "read_events"):
            case "all":
                return asked
            case None:
                return frozenset()
            case _:
                stored = self.deps.native(self.deps.store.read_at, sorted(asked))
                return frozenset(event.position for event in stored if self.access.may_read(visitor, event))

    def persons(self, visitor: Identity, persons: Iterable[object]) -> frozenset[str]:
        """Those of the persons whose timelines the visitor may read."""
        asked = frozenset(person for person in persons if isinstance(person, str))
        match self.access.permissions.scope(visitor.actor.role, "read_timeline"):
            case "all":
                return asked
            case "own":
                return asked & {visitor.actor.id}
            case "territory":
                near: frozenset[str] = self.deps.native(self.followed_near, visitor, asked)
                return near | {person for person in asked - near if self.may_open(visitor, person)}
            case _:
                return frozenset()

    def followed_near(self, visitor: Identity, persons: frozenset[str]) -> frozenset[str]:
        """Those whom a territory of the visitor follows, or did, by the streams of their own record. Blocks."""
        read = self.deps.store.read_stream
        return frozenset(
            person
            for person in persons
            if any(
                event.kind in MOVES and visitor.covers(moved_to(event))
                for stream in self.standings.streams(person)
                for event in read(stream)
            )
        )

    def may_open(self, visitor: Identity, person: str) -> bool:
        """By the whole timeline: of somebody who is merged with another record, or whom nobody follows yet."""
        try:
            self.access.check_timeline(visitor, person, followed_in(self.reports.timeline(person).entries))
        except Forbidden:
            return False
        return True
