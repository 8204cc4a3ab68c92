"""What can be read over HTTP: the events of the log, the figures, and what is behind a figure."""

from collections.abc import Iterable
from typing import Any

from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from services.gateway.commands_api import json
from services.gateway.dependencies import GatewayDeps
from services.gateway.problems import not_found
from services.gateway.read_access import PROGRAMME, ReadAccess
from services.gateway.reporting_client import ReportingClient
from services.gateway.request_context import RequestContext
from services.gateway.stream import Wanted, bare, many
from services.reporting.answers import Figures
from shared.errors import Forbidden, Invalid
from shared.message import START, EventMessage, Position
from shared.trust.identity import Identity

LIMIT = 1_000
EXACT, COMMITTEE = "exact", "committee"


class QueriesApi:
    def __init__(self, outside: GatewayDeps, access: ReadAccess, reports: ReportingClient) -> None:
        self.outside = outside
        self.access = access
        self.reports = reports

    def rules(self) -> Iterable[Rule]:
        yield Rule("/v1/events", methods=["GET"], endpoint=self.events)
        yield Rule("/v1/indicators", methods=["GET"], endpoint=self.indicators)
        yield Rule("/v1/indicators/<indicator>/evidence", methods=["GET"], endpoint=self.evidence)

    def events(self, visit: RequestContext) -> Response:
        """A page of the log. `next` is where the following page begins: the page may be short, or empty, of what may not be seen."""
        identity = visit.known()
        if self.access.permissions.scope(identity.actor.role, "read_events") is None:
            raise Forbidden(f"The role {identity.actor.role} may not do read_events.")
        after = visit.number("after", START)
        limit = max(1, min(visit.number("limit", 100), LIMIT))
        wanted = Wanted(many(visit, "territory"), many(visit, "type"))
        found, reached, more = self.page(identity, wanted, after, limit)
        return json({"events": found, "next": reached, "more": more})

    def page(self, identity: Identity, wanted: Wanted, after: Position, limit: int) -> tuple[list[Any], Position, bool]:
        read: list[EventMessage] = self.outside.native(self.outside.store.read_all, after, LIMIT)
        found: list[Any] = []
        for event in read:
            if len(found) == limit:
                return found, after, True
            after = event.position
            if wanted.has(event) and (sight := self.access.sight(identity, event)) != "none":
                found.append(event if sight == "full" else bare(event))
        return found, after, len(read) == LIMIT

    def indicators(self, visit: RequestContext) -> Response:
        """Exact figures for who may read every event under them; for the others, masked as on their committee's page."""
        identity, territory, quarter = visit.known(), self.territory(visit), asked(visit, "quarter")
        self.access.check(identity, "read_indicators", territory)
        self.reports.wait_for_client(visit)
        if self.access.exact(identity, territory):
            version = visit.request.args.get("definitions")
            return json(self.reports.figures(territory, quarter, visit.number("definitions", 0) if version else None))
        page = self.reports.committee(territory, quarter)
        cells = {line.id: line.cell for line in page.indicators}
        return json(Figures(territory, quarter, page.position, page.definitions, cells))

    def evidence(self, visit: RequestContext, indicator: str) -> Response:
        identity, territory, quarter = visit.known(), self.territory(visit), asked(visit, "quarter")
        self.access.check(identity, "read_evidence", territory)
        self.reports.wait_for_client(visit)
        side = visit.request.args.get("side", "numerator")
        return json(self.reports.evidence(indicator, territory, quarter, side, self.audience(identity, territory)))

    def audience(self, identity: Identity, territory: str) -> str:
        return EXACT if self.access.exact(identity, territory) else COMMITTEE

    def territory(self, visit: RequestContext) -> str:
        return self.known_territory(visit.request.args.get("territory", PROGRAMME))

    def known_territory(self, territory: str) -> str:
        if territory != PROGRAMME and territory not in self.outside.territories:
            raise not_found(f"« {territory} » n’est pas un territoire du programme.")
        return territory


def asked(visit: RequestContext, name: str) -> str:
    value = visit.request.args.get(name)
    if not value:
        raise Invalid({name: ["Ce champ est obligatoire."]})
    return value
