"""Why the figures of a quarter changed between two moments, over HTTP: which ones, and each event that moved them, with its sentence."""

from collections.abc import Iterable

from msgspec import Struct
from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from services.gateway.commands_api import json_response
from services.gateway.cursors import cursor_of
from services.gateway.dependencies import GatewayDeps
from services.gateway.pages.openable import Openable
from services.gateway.pages.sentences import Sentences
from services.gateway.queries_api import EXACT, QueriesApi
from services.gateway.request_context import RequestContext
from services.gateway.timeline_api import EventLine, event_members, start
from services.reporting.change_answers import ChangedFigure, Changes, ChangesAsked, Move
from shared.errors import Forbidden
from shared.message import Position

DEFAULT_EVENTS = 100


class ChangeLine(EventLine, frozen=True):
    """An event that changed figures, and by how much it changed the count of each side."""

    moves: list[Move]


class ChangesPage(Struct, frozen=True):
    """The figures that are not the same at both positions of the log, and a page of the events after `since`, up to `until`."""

    territory: str
    quarter: str
    since: Position
    until: Position
    definitions: int
    figures: list[ChangedFigure]
    items: list[ChangeLine]
    next: str | None


class ChangesApi:
    def __init__(self, deps: GatewayDeps, queries: QueriesApi) -> None:
        self.queries = queries
        self.openable = Openable(queries.access, queries.reports, deps)
        self.sentences = Sentences(deps.services.values(), deps.territories)

    def rules(self) -> Iterable[Rule]:
        yield Rule("/v1/changes", methods=["GET"], endpoint=self.changes)

    def changes(self, context: RequestContext) -> Response:
        asked = context.query
        changes = self.read(context, self.queries.territory(context), asked["quarter"], asked["since"], asked.get("until"))
        lines = self.lines(context, changes)
        following = None if changes.next is None else cursor_of("position", [str(changes.next)])
        span = changes.territory, changes.quarter, changes.since, changes.until, changes.definitions
        return json_response(ChangesPage(*span, changes.figures, lines, following))

    def read(self, context: RequestContext, territory: str, quarter: str, since: str, until: str | None) -> Changes:
        """For readers of exact figures alone: each event is told, and what is masked would follow from the differences.

        Raises:
            Forbidden: the figures are not for this reader, or masked.
        """
        self.queries.access.check(context.known(), "read_evidence", territory)
        if self.queries.fresh_for(context, territory) != EXACT:
            raise Forbidden("changes_not_readable")
        self.queries.check_quarter(quarter)
        indicator, definitions = context.query.get("indicator"), context.query.get("definitions")
        after, limit = start(context), context.query.get("limit", DEFAULT_EVENTS)
        asked = ChangesAsked(territory, quarter, since, until, indicator, definitions, after or None, limit)
        return self.queries.reports.changes(asked)

    def lines(self, context: RequestContext, changes: Changes) -> list[ChangeLine]:
        """One for each event that the reader may open. When somebody answered the survey is not told to whoever hands out its tickets."""
        opens = self.openable.events(context.known(), [each.event.position for each in changes.events])
        told = [each for each in changes.events if each.event.position in opens]
        return [ChangeLine(**event_members(each.event, self.sentences, opens), moves=each.moves) for each in told]
