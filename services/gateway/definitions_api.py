"""The quarters that have figures, what the indicators are, and a figure over all quarters."""

from collections.abc import Iterable

from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from services.gateway.commands_api import json_response
from services.gateway.programme_answers import Quarter, Quarters
from services.gateway.queries_api import COMMITTEE, EXACT, QueriesApi
from services.gateway.request_context import RequestContext
from services.vocabulary.programme import PROGRAMME
from services.vocabulary.publication import closing_day, is_closed


class DefinitionsApi:
    def __init__(self, queries: QueriesApi) -> None:
        self.queries = queries
        self.deps = queries.deps
        self.access = queries.access
        self.reports = queries.reports

    def rules(self) -> Iterable[Rule]:
        yield Rule("/v1/quarters", methods=["GET"], endpoint=self.quarters)
        yield Rule("/v1/definitions", methods=["GET"], endpoint=self.definitions)
        yield Rule("/v1/indicators/<indicator>/history", methods=["GET"], endpoint=self.history)

    def quarters(self, context: RequestContext) -> Response:
        """Those that have figures for the reader: of masked ones, the closed quarters."""
        identity = context.known()
        self.access.check_somewhere(identity, "read_indicators")
        audience = EXACT if any(self.access.exact(identity, place) for place in self.deps.territories) else COMMITTEE
        found = self.queries.readable_quarters(audience)
        return json_response(Quarters([Quarter(each, is_closed(each, self.deps.clock()), closing_day(each)) for each in found]))

    def definitions(self, context: RequestContext) -> Response:
        self.access.check_somewhere(context.known(), "read_indicators")
        return json_response(self.reports.declarations(context.query.get("definitions")))

    def history(self, context: RequestContext, indicator: str) -> Response:
        """The figure of every quarter that has one for the reader: exact, or masked as on the page of their committee."""
        territory = context.query.get("territory", PROGRAMME)
        self.access.check(context.known(), "read_indicators", territory)
        audience = self.queries.fresh_for(context, territory)
        query = context.query
        return json_response(self.reports.history(indicator, territory, audience, query.get("definitions"), query.get("as-of")))
