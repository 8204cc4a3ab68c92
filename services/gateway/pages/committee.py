"""The committee's page of a quarter, and behind each of its figures a page of its own."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.parse import quote

from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from services.gateway.pages.rendering import Pages
from services.gateway.problems import not_found
from services.gateway.queries_api import QueriesApi
from services.gateway.read_access import PROGRAMME
from services.gateway.request_context import RequestContext
from services.reporting.answers import Cell, CommitteePage, FunnelStage, IndicatorLine, MaskedCell, ValueCell

KEYS = ("people_met", "redirection_rate", "positive_rate", "progress_rate")
LIGHT = {"redirected", "dynamic"}  # stages of the way that are drawn in the lighter colour
SHOWN = 400  # facts on one page


class FlowBar(NamedTuple):
    """A stage of the funnel as the page draws it: `most` is the count of the longest bar."""

    label: str
    indicator: str
    side: str
    cell: Cell
    light: bool
    most: float


class CommitteePages:
    def __init__(self, pages: Pages, queries: QueriesApi, territories: Mapping[str, str]) -> None:
        self.pages = pages
        self.queries = queries
        self.territories = territories

    def rules(self) -> Iterable[Rule]:
        yield Rule("/coter/<territory>/<quarter>", methods=["GET"], endpoint=self.quarter)
        yield Rule("/coter/<territory>/<quarter>/<indicator>", methods=["GET"], endpoint=self.indicator)

    def model(self, context: RequestContext, territory: str, quarter: str) -> CommitteePage:
        self.queries.access.check(context.known(), "read_indicators", self.queries.known_territory(territory))
        self.queries.reports.wait_for_client(context)
        return self.queries.reports.committee(territory, quarter)

    def places(self, context: RequestContext) -> list[tuple[str, str]]:
        """The other pages of the same quarter that this visitor may open."""
        seen = [
            (each, label) for each, label in self.territories.items() if self.queries.access.may(context.known(), "read_indicators", each)
        ]
        return [*seen, (PROGRAMME, "Ensemble du programme")]

    def quarter(self, context: RequestContext, territory: str, quarter: str) -> Response:
        model = self.model(context, territory, quarter)
        lines = {line.id: line for line in model.indicators}
        notes = reasons(model)
        return self.pages.page(
            context,
            "committee.html",
            model=model,
            lines=lines,
            keys=[name for name in KEYS if name in lines],
            sections=sections(model.indicators),
            flow=flow(model.flow),
            notes=notes,
            places=self.places(context),
            title=place(model),
        )

    def indicator(self, context: RequestContext, territory: str, quarter: str, indicator: str) -> Response:
        model = self.model(context, territory, quarter)
        line = next((line for line in model.indicators if line.id == indicator), None)
        if line is None:
            raise not_found(f"« {indicator} » n’est pas un indicateur des définitions {model.definitions}.")
        side = context.request.args.get("cote", "numerator")
        allowed = self.queries.access.may(context.known(), "read_evidence", territory)
        audience = self.queries.audience(context.known(), territory)
        evidence = self.queries.reports.evidence(indicator, territory, quarter, side, audience) if allowed else None
        links = [f"/coter/{territory}/{point.quarter}/{quote(indicator)}" for point in line.trend]
        return self.pages.page(
            context,
            "indicator.html",
            model=model,
            line=line,
            evidence=evidence,
            side=side,
            shown=SHOWN,
            links=links,
            opens_events=self.queries.access.permissions.scope(context.known().actor.role, "read_events") in {"all", "territory"},
            notes=[],
            title=place(model),
        )


def place(model: CommitteePage) -> str:
    return "Ensemble du programme" if model.territory.id == PROGRAMME else model.territory.label


def sections(indicators: Iterable[IndicatorLine]) -> dict[str, list[IndicatorLine]]:
    found: dict[str, list[IndicatorLine]] = {}
    for line in indicators:
        found.setdefault(line.section, []).append(line)
    return found


def reasons(model: CommitteePage) -> list[str]:
    """Why cells are masked, each reason once: the notes under the table."""
    cells = [cell for line in model.indicators for cell in (line.cell, line.previous)]
    cells += [stage.cell for stage in model.flow]
    return list(dict.fromkeys(cell.masked for cell in cells if isinstance(cell, MaskedCell)))


def flow(stages: Iterable[FunnelStage]) -> list[FlowBar]:
    """The stages of the funnel, each with the count that its bar is measured against: the highest one that is shown."""
    listed = list(stages)
    most = max((stage.cell.value or 0 for stage in listed if isinstance(stage.cell, ValueCell)), default=0)
    return [FlowBar(stage.label, stage.indicator, stage.side, stage.cell, stage.id in LIGHT, most) for stage in listed]
