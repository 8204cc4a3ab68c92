"""The committee's page of a territory and a quarter: every indicator, masked where it would tell something about a few people."""

from services.reporting.answers import CommitteePage, FunnelStage, IndicatorLine, RateCell, Target, TerritoryName, TrendPoint
from services.reporting.indicators.catalogue import INDICATORS
from services.reporting.indicators.formatting import missing_persons
from services.reporting.indicators.printed import printed_definition
from services.reporting.quarters import label
from services.reporting.queries.figures import FigureSet

# The funnel from the first contact to the exit: id, label, indicator, and the side of it whose count is shown.
FUNNEL = (
    ("met", "Rencontrées", "people_met", "numerator"),
    ("redirected", "Réorientées", "redirection_rate", "numerator"),
    ("coached", "Accompagnées", "positive_rate", "denominator"),
    ("positive", "Sorties positives", "positive_rate", "numerator"),
    ("dynamic", "Sorties dynamiques", "dynamic_rate", "numerator"),
)


def committee_page(figures: FigureSet, territory: TerritoryName, quarter: str, quarters: list[str], recorded: str | None) -> CommitteePage:
    """`quarters` are those that have facts: the page links to the one before and the one after."""
    index = quarters.index(quarter) if quarter in quarters else None
    return CommitteePage(
        territory=territory,
        quarter=quarter,
        quarter_label=label(quarter),
        previous_quarter=quarters[index - 1] if index else None,
        next_quarter=quarters[index + 1] if index is not None and index + 1 < len(quarters) else None,
        quarters=quarters,
        position=figures.position,
        recorded=recorded,
        definitions=figures.version_in(quarter),
        versions=sorted(figures.published),
        indicators=[indicator_line(figures, name, territory.id, quarter, quarters) for name in figures.indicators_of(quarter)],
        flow=[
            FunnelStage(id, title, name, side, figures.committee_count(name, side, territory.id, quarter))
            for id, title, name, side in FUNNEL
            if name in figures.indicators_of(quarter)
        ],
    )


def indicator_line(figures: FigureSet, name: str, territory: str, quarter: str, quarters: list[str]) -> IndicatorLine:
    indicator = figures.indicator(name, quarter)
    declared = [other for other in quarters if name in figures.indicators_of(other)]
    before = max((other for other in quarters if other < quarter), default=None)
    return IndicatorLine(
        id=name,
        label=indicator.label,
        section=indicator.section,
        unit=indicator.unit,
        cumulative=indicator.cumulative,
        definition=printed_definition(indicator, figures.definitions_of(quarter)),
        population=indicator.population,
        cell=figures.committee_cell(name, territory, quarter),
        previous=figures.committee_cell(name, territory, before) if before and before in declared else None,
        target=target_of(figures, name, territory, quarter),
        trend=[TrendPoint(other, figures.committee_cell(name, territory, other)) for other in declared],
        year=figures.year_cell(name, territory, quarter),
        released=figures.released.get((name, territory, quarter)),
        stock=indicator.stock,
    )


def target_of(figures: FigureSet, name: str, territory: str, quarter: str) -> Target | None:
    """The target of a rate. Its gap is masked with the figure, which it would give away."""
    value = figures.target(name, territory, quarter) if INDICATORS[name].measure == "rate" else None
    if value is None:
        return None
    cell = figures.committee_cell(name, territory, quarter)
    if not isinstance(cell, RateCell) or cell.percent is None:
        return Target(value, None, None)
    figure = figures.figure(name, territory, quarter)
    return Target(value, cell.percent - value, missing_persons(figure, value))
