"""What can be read over HTTP: the events of the log, the figures, and what is behind a figure."""

from collections.abc import Iterable
from typing import Any

from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from services.gateway.commands_api import json_response
from services.gateway.dependencies import GatewayDeps
from services.gateway.problems import not_found
from services.gateway.read_access import PROGRAMME, ReadAccess
from services.gateway.reporting_client import ReportingClient
from services.gateway.request_context import RequestContext
from services.gateway.stream import EventFilter, bare, values_of
from services.reporting.answers import Figures
from shared.errors import Forbidden, Invalid
from shared.message import START, EventMessage, Position
from shared.trust.access import Identity

LIMIT = 1_000
EXACT, COMMITTEE = "exact", "committee"


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
        """A page of the log. `next` is where the following page begins: the page may be short, or empty, of what may not be seen."""
        identity = context.known()
        if self.access.permissions.scope(identity.actor.role, "read_events") is None:
            raise Forbidden("role_may_not", role=identity.actor.role, action="read_events")
        after = context.number("after", START)
        limit = max(1, min(context.number("limit", 100), LIMIT))
        wanted = EventFilter(values_of(context, "territory"), values_of(context, "type"))
        found, reached, more = self.page(identity, wanted, after, limit)
        return json_response({"events": found, "next": reached, "more": more})

    def page(self, identity: Identity, wanted: EventFilter, after: Position, limit: int) -> tuple[list[Any], Position, bool]:
        read: list[EventMessage] = self.deps.native(self.deps.store.read_all, after, LIMIT)
        found: list[Any] = []
        for event in read:
            if len(found) == limit:
                return found, after, True
            after = event.position
            if wanted.matches(event) and (visibility := self.access.visibility(identity, event)) != "none":
                found.append(event if visibility == "full" else bare(event))
        return found, after, len(read) == LIMIT

    def indicators(self, context: RequestContext) -> Response:
        """Exact figures for who may read every event under them; for the others, masked as on their committee's page."""
        identity, territory, quarter = context.known(), self.territory(context), asked(context, "quarter")
        self.access.check(identity, "read_indicators", territory)
        self.reports.wait_for_client(context)
        if self.access.exact(identity, territory):
            version = context.request.args.get("definitions")
            return json_response(self.reports.figures(territory, quarter, context.number("definitions", 0) if version else None))
        page = self.reports.committee(territory, quarter)
        cells = {line.id: line.cell for line in page.indicators}
        return json_response(Figures(territory, quarter, page.position, page.definitions, cells))

    def evidence(self, context: RequestContext, indicator: str) -> Response:
        identity, territory, quarter = context.known(), self.territory(context), asked(context, "quarter")
        self.access.check(identity, "read_evidence", territory)
        self.reports.wait_for_client(context)
        side = context.request.args.get("side", "numerator")
        return json_response(self.reports.evidence(indicator, territory, quarter, side, self.audience(identity, territory)))

    def audience(self, identity: Identity, territory: str) -> str:
        return EXACT if self.access.exact(identity, territory) else COMMITTEE

    def territory(self, context: RequestContext) -> str:
        return self.known_territory(context.request.args.get("territory", PROGRAMME))

    def known_territory(self, territory: str) -> str:
        if territory != PROGRAMME and territory not in self.deps.territories:
            raise not_found(f"« {territory} » n’est pas un territoire du programme.")
        return territory


def asked(context: RequestContext, name: str) -> str:
    value = context.request.args.get(name)
    if not value:
        raise Invalid({name: ["Ce champ est obligatoire."]})
    return value
