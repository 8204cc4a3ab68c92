"""The queries over HTTP: the events of the log, the figures, and the facts that a figure counts."""

import re
from collections.abc import Iterable
from typing import Any

from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from services.gateway.audience import Audience, EventFilter
from services.gateway.commands_api import json_response
from services.gateway.dependencies import GatewayDeps
from services.gateway.hints import Hint
from services.gateway.problems import not_found
from services.gateway.query_parameters import MAX_PAGE_SIZE, QUARTER
from services.gateway.read_access import ReadAccess
from services.gateway.reporting_client import ReportingClient
from services.gateway.request_context import RequestContext
from services.gateway.stream import values_of
from services.reporting.answers import Figures
from services.vocabulary.calendar import local_date, quarter_of
from services.vocabulary.programme import PROGRAMME
from services.vocabulary.publication import is_closed, period
from shared.cloud_event import cloud_event
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
        event_filter = EventFilter(values_of(context, "territory"), values_of(context, "type"))
        audience = Audience(self.access, identity, event_filter, self.deps.territories)
        if not audience.hinted and not self.deps.feed.reached(after):
            raise UnknownPosition(after)
        return json_response(self.page(audience, after, limit))

    def page(self, audience: Audience, after: Position, limit: int) -> dict[str, Any]:
        """The body of a page. Its shape is `response_schemas.event_page`.

        Who hears hints is not told how far the log goes: `next` is after what they see, or before the present period.
        """
        stored: list[EventMessage] = self.deps.native(self.deps.store.read_all, after, MAX_PAGE_SIZE)
        before, present = self.deps.feed.at(after), period(self.deps.clock())
        events: list[Any] = []
        for event in stored:
            if len(events) >= limit:
                return {"events": events, "next": after, "more": True}
            seen = list(audience.seen([event], before))
            events, before = events + [each if isinstance(each, Hint) else cloud_event(each) for each in seen], event
            if seen or not audience.hinted or period(event.recordedtime) < present:
                after = event.position
        return {"events": events, "next": after, "more": len(stored) == MAX_PAGE_SIZE}

    def indicators(self, context: RequestContext) -> Response:
        """Exact figures for a reader who may see every event that they count. For others, masked as on the page of their committee."""
        identity, territory, quarter = context.known(), self.territory(context), context.query["quarter"]
        self.access.check(identity, "read_indicators", territory)
        audience = self.fresh_for(context, territory)
        self.check_quarter(quarter)
        definitions, as_of = context.query.get("definitions"), context.query.get("as-of")
        if audience == EXACT:
            return json_response(self.reports.figures(territory, quarter, definitions, as_of))
        page = self.reports.committee(territory, quarter, COMMITTEE, definitions, as_of)
        cells = {line.id: line.cell for line in page.indicators}
        return json_response(Figures(territory, quarter, page.position, page.definitions, cells))

    def evidence(self, context: RequestContext, indicator: str) -> Response:
        identity, territory, quarter = context.known(), self.territory(context), context.query["quarter"]
        self.access.check(identity, "read_evidence", territory)
        audience = self.fresh_for(context, territory)
        self.check_quarter(quarter)
        side, asked = context.query.get("side", "numerator"), (context.query.get(name) for name in ("definitions", "as-of"))
        return json_response(self.reports.evidence(indicator, territory, quarter, side, audience, *asked))

    def fresh_for(self, context: RequestContext, territory: str) -> str:
        """The audience of a request, once its figures reach the position that it names.

        Those of closed quarters depend on no later position, and whether the log has one is not for their readers.
        """
        audience = self.audience(context.known(), territory)
        if audience == EXACT:
            self.reports.wait_for_client(context)
        return audience

    def audience(self, identity: Identity, territory: str) -> str:
        return EXACT if self.access.exact(identity, territory) else COMMITTEE

    def readable_quarters(self, audience: str) -> list[str]:
        """The quarters that have figures for an audience: a committee reads those that are closed."""
        quarters = self.reports.quarters()
        return quarters if audience == EXACT else [quarter for quarter in quarters if is_closed(quarter, self.deps.clock())]

    def check_quarter(self, quarter: str) -> None:
        """Nothing is counted in a quarter that has not begun, or before the first fact: its zeros would be taken for figures.

        Raises:
            Problem: 404.
        """
        if not re.fullmatch(QUARTER, quarter):
            return  # the reporting service says so
        if quarter > quarter_of(local_date(self.deps.clock())):
            raise not_found("Ce trimestre n’a pas encore commencé : il n’a aucun chiffre.")
        if (counted := self.reports.quarters()) and quarter < counted[0]:
            raise not_found("Ce trimestre précède le premier fait du programme : il n’a aucun chiffre.")

    def territory(self, context: RequestContext) -> str:
        territory: str = context.query.get("territory", PROGRAMME)
        return territory

    def known_territory(self, territory: str) -> str:
        if territory not in {PROGRAMME, *self.deps.territories, *self.deps.groupings}:
            raise not_found(f"« {territory} » n’est ni un territoire du programme, ni un regroupement.")
        return territory
