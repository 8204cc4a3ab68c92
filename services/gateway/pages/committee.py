"""The committee's page of a quarter, and a page for each of its indicators with the facts that it counts."""

from collections.abc import Iterable
from typing import Any, NamedTuple
from urllib.parse import quote

from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from services.gateway.pages.french import local_day
from services.gateway.pages.moments import Moments, kept, moments
from services.gateway.pages.openable import Openable
from services.gateway.pages.rendering import Pages
from services.gateway.problems import not_found
from services.gateway.queries_api import EXACT, QueriesApi
from services.gateway.request_context import RequestContext
from services.reporting.answers import BandCell, Cell, CommitteePage, FunnelStage, IndicatorLine, MaskedCell, ValueCell
from services.vocabulary.calendar import local_date
from services.vocabulary.programme import PROGRAMME

KEY_INDICATORS = ("people_met", "redirection_rate", "positive_rate", "progress_rate")
LIGHT_STAGES = {"redirected", "dynamic"}  # stages of the funnel that are drawn in the lighter colour
MAX_SHOWN_FACTS = 400  # on the page of an indicator; the API gives all of them
WHOLE_PROGRAMME = "Ensemble du programme"


class FlowBar(NamedTuple):
    """A stage of the funnel as the page draws it: `most` is the count of the longest bar."""

    label: str
    indicator: str
    side: str
    cell: Cell
    light: bool
    most: float


class CommitteePages:
    def __init__(self, pages: Pages, queries: QueriesApi, openable: Openable) -> None:
        self.pages = pages
        self.openable = openable
        self.queries = queries

    def rules(self) -> Iterable[Rule]:
        yield Rule("/coter/<territory>/<quarter>", methods=["GET"], endpoint=self.quarter)
        yield Rule("/coter/<territory>/<quarter>/<indicator>", methods=["GET"], endpoint=self.indicator)

    def model(self, context: RequestContext, territory: str, quarter: str) -> CommitteePage:
        self.queries.access.check(context.known(), "read_indicators", self.queries.known_territory(territory))
        self.queries.check_quarter(quarter)
        audience, query = self.queries.fresh_for(context, territory), context.query
        return self.queries.reports.committee(territory, quarter, audience, query.get("definitions"), query.get("au"))

    def readable_territories(self, context: RequestContext) -> list[tuple[str, str]]:
        """The territories of which this visitor may open the page, the groupings and the whole programme: pairs of id and label."""
        visitor, deps = context.known(), self.queries.deps
        places = [*deps.territories.items(), *deps.groupings.items()]
        readable = [(id, label) for id, label in places if self.queries.access.may(visitor, "read_indicators", id)]
        return [*readable, (PROGRAMME, WHOLE_PROGRAMME)]

    def may_open_facts(self, context: RequestContext, territory: str) -> bool:
        """Whether this visitor may read the facts under a figure of the territory."""
        access, visitor = self.queries.access, context.known()
        return access.exact(visitor, territory) and access.may(visitor, "read_evidence", territory)

    def quarter(self, context: RequestContext, territory: str, quarter: str) -> Response:
        model = self.model(context, territory, quarter)
        lines = {line.id: line for line in model.indicators}
        return self.pages.page(
            context,
            "committee.html",
            model=model,
            lines=lines,
            keys=[name for name in KEY_INDICATORS if name in lines],
            sections=sections(model.indicators),
            flow=flow(model.flow),
            notes=masking_reasons(model),
            opens_facts=self.may_open_facts(context, territory),
            territories=self.readable_territories(context),
            title=territory_label(model),
            moments=self.moments(context, model),
            **self.asked(context, territory),
        )

    def asked(self, context: RequestContext, territory: str) -> dict[str, Any]:
        """What the reader asked for beside the quarter: links keep it. What is of a moment does not follow the stream."""
        definitions, as_of = context.query.get("definitions"), context.query.get("au")
        query = kept(definitions=definitions, au=as_of)
        links = {"kept": query and f"?{query}", "also": query and f"&{query}"}
        return {"asked": definitions, "as_of": as_of, "live": None if as_of else self.live(territory), **links}

    def moments(self, context: RequestContext, model: CommitteePage) -> Moments:
        deps = self.queries.deps
        first = deps.reference.since if model.begun is None else max(deps.reference.since, local_day(model.begun))
        return moments(first, local_date(deps.clock()), context.query.get("au"), model.recorded)

    def live(self, territory: str) -> str:
        """The filter of the stream whose events change this page."""
        return "" if territory == PROGRAMME else ",".join(self.queries.deps.members.get(territory, (territory,)))

    def indicator(self, context: RequestContext, territory: str, quarter: str, indicator: str) -> Response:
        model = self.model(context, territory, quarter)
        line = next((line for line in model.indicators if line.id == indicator), None)
        if line is None:
            raise not_found(f"« {indicator} » n’est pas un indicateur des définitions {model.definitions}.")
        side = context.query.get("cote", "numerator")
        allowed = self.may_open_facts(context, territory)
        asked = self.asked(context, territory)
        at = (asked["asked"], asked["as_of"])
        evidence = self.queries.reports.evidence(indicator, territory, quarter, side, EXACT, *at) if allowed else None
        facts = evidence.facts[:MAX_SHOWN_FACTS] if evidence else []
        query = asked["kept"]
        links = [f"/coter/{territory}/{point.quarter}/{quote(indicator)}{query}" for point in line.trend]
        return self.pages.page(
            context,
            "indicator.html",
            model=model,
            line=line,
            evidence=evidence,
            side=side,
            max_shown=MAX_SHOWN_FACTS,
            links=links,
            opens_events=self.openable.events(context.known(), [position for fact in facts for position in fact.positions]),
            opens_persons=self.openable.persons(context.known(), [fact.person for fact in facts if fact.has_details]),
            notes=[],
            title=territory_label(model),
            opens_facts=allowed,
            moments=self.moments(context, model),
            **asked,
        )


def territory_label(model: CommitteePage) -> str:
    return WHOLE_PROGRAMME if model.territory.id == PROGRAMME else model.territory.label


def sections(indicators: Iterable[IndicatorLine]) -> dict[str, list[IndicatorLine]]:
    """The indicators by section, in the order in which each section comes first."""
    found: dict[str, list[IndicatorLine]] = {}
    for line in indicators:
        found.setdefault(line.section, []).append(line)
    return found


def masking_reasons(model: CommitteePage) -> list[str]:
    """The reasons for which cells are masked, each once: the notes under the table."""
    cells = [cell for line in model.indicators for cell in (line.cell, line.previous, line.year)]
    cells += [stage.cell for stage in model.flow]
    return list(dict.fromkeys(cell.masked for cell in cells if isinstance(cell, MaskedCell | BandCell)))


def flow(stages: Iterable[FunnelStage]) -> list[FlowBar]:
    """The stages of the funnel, each with the count that has the longest bar: the highest one that is shown."""
    listed = list(stages)
    most = max((stage.cell.value or 0 for stage in listed if isinstance(stage.cell, ValueCell)), default=0)
    return [FlowBar(stage.label, stage.indicator, stage.side, stage.cell, stage.id in LIGHT_STAGES, most) for stage in listed]
