"""The queries over HTTP: the events of the log, the figures, and the facts that a figure counts."""

from collections.abc import Iterable
from typing import Any

from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from services.gateway.commands_api import json_response
from services.gateway.dependencies import GatewayDeps
from services.gateway.hints import Audience, EventFilter
from services.gateway.problems import not_found
from services.gateway.query_parameters import MAX_PAGE_SIZE
from services.gateway.read_access import PROGRAMME, ReadAccess
from services.gateway.reporting_client import ReportingClient
from services.gateway.request_context import RequestContext
from services.gateway.stream import values_of
from services.reporting.answers import Figures
from services.vocabulary.publication import is_closed
from shared.errors import Forbidden, UnknownPosition
from shared.message import START, EventMessage, Position
from shared.trust.access import Identity

DEFAULT_PAGE_SIZE = 100  # events
EXACT, COMMITTEE = "exact", "committee"  # the audiences of the reporting service: unmasked, or masked


class QueriesApi:
    def __init__(self, deps: GatewayDeps, access: ReadAccess, reports: ReportingClient) -> None:
        self.deps = deps
        self.access = access
        self.reports = reports

    def rules(self) -> Iterable[Rule]:
        yield Rule("/v1/events", methods=["GET"], endpoint=self.events)
        yield Rule("/v1/indicators", methods=["GET"], endpoint=self.indicators)
        yield Rule("/v1/indicators/<indicator>/evidence", methods=["GET"], endpoint=self.evidence)

    def events(self, context: RequestContext) -> Response:
        """A page of the log, after the position `after`. Events that the identity may not see are left out, so it may be short or empty."""
        identity = context.known()
        if self.access.permissions.scope(identity.actor.role, "read_events") is None:
            raise Forbidden("role_may_not", role=identity.actor.role, action="read_events")
        after, limit = context.query.get("after", START), context.query.get("limit", DEFAULT_PAGE_SIZE)
        if not self.deps.feed.reached(after):
            raise UnknownPosition(after)
        event_filter = EventFilter(values_of(context, "territory"), values_of(context, "type"))
        return json_response(self.page(identity, event_filter, after, limit))

    def page(self, identity: Identity, event_filter: EventFilter, after: Position, limit: int) -> dict[str, Any]:
        """The body of a page. Its shape is `response_schemas.event_page`."""
        stored: list[EventMessage] = self.deps.native(self.deps.store.read_all, after, MAX_PAGE_SIZE)
        audience = Audience(self.access, identity, event_filter, self.deps.territories)
        before = self.deps.feed.at(after)
        events: list[Any] = []
        for event in stored:
            if len(events) >= limit:
                return {"events": events, "next": after, "more": True}
            events += audience.seen([event], before)
            before, after = event, event.position
        return {"events": events, "next": after, "more": len(stored) == MAX_PAGE_SIZE}

    def indicators(self, context: RequestContext) -> Response:
        """Exact figures for a reader who may see every event that they count. For others, masked as on the page of their committee."""
        identity, territory, quarter = context.known(), self.territory(context), context.query["quarter"]
        self.access.check(identity, "read_indicators", territory)
        self.reports.wait_for_client(context)
        definitions = context.query.get("definitions")
        if self.access.exact(identity, territory):
            return json_response(self.reports.figures(territory, quarter, definitions))
        page = self.reports.committee(territory, quarter, COMMITTEE, definitions)
        cells = {line.id: line.cell for line in page.indicators}
        return json_response(Figures(territory, quarter, page.position, page.definitions, cells))

    def evidence(self, context: RequestContext, indicator: str) -> Response:
        identity, territory, quarter = context.known(), self.territory(context), context.query["quarter"]
        self.access.check(identity, "read_evidence", territory)
        self.reports.wait_for_client(context)
        side, definitions = context.query.get("side", "numerator"), context.query.get("definitions")
        return json_response(self.reports.evidence(indicator, territory, quarter, side, self.audience(identity, territory), definitions))

    def audience(self, identity: Identity, territory: str) -> str:
        return EXACT if self.access.exact(identity, territory) else COMMITTEE

    def readable_quarters(self, audience: str) -> list[str]:
        """The quarters that have figures for an audience: a committee reads those that are closed."""
        quarters = self.reports.quarters()
        return quarters if audience == EXACT else [quarter for quarter in quarters if is_closed(quarter, self.deps.clock())]

    def territory(self, context: RequestContext) -> str:
        territory: str = context.query.get("territory", PROGRAMME)
        return territory

    def known_territory(self, territory: str) -> str:
        if territory != PROGRAMME and territory not in self.deps.territories:
            raise not_found(f"« {territory} » n’est pas un territoire du programme.")
        return territory
