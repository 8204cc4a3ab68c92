"""The committee's page of a territory and a quarter: every indicator, masked where it would tell something about a few people."""

from services.reporting.answers import (
    CommitteePage,
    FunnelStage,
    IndicatorLine,
    RateCell,
    Target,
    TerritoryName,
    TrendPoint,
)
from services.reporting.indicators.formatting import missing_persons
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
        definitions=figures.definitions.version,
        indicators=[indicator_line(figures, name, territory.id, quarter, quarters) for name in figures.indicators],
        flow=[
            FunnelStage(id, title, name, side, figures.committee_count(name, side, territory.id, quarter))
            for id, title, name, side in FUNNEL
            if name in figures.indicators
        ],
    )


def indicator_line(figures: FigureSet, name: str, territory: str, quarter: str, quarters: list[str]) -> IndicatorLine:
    indicator = figures.indicators[name]
    earlier = [other for other in quarters if other < quarter]
    return IndicatorLine(
        id=name,
        label=indicator.label,
        section=indicator.section,
        unit=indicator.unit,
        cumulative=indicator.cumulative,
        definition=indicator.definition,
        population=indicator.population,
        cell=figures.committee_cell(name, territory, quarter),
        previous=figures.committee_cell(name, territory, earlier[-1]) if earlier else None,
        target=target_of(figures, name, territory, quarter),
        trend=[TrendPoint(other, figures.committee_cell(name, territory, other)) for other in quarters],
        year=figures.year_cell(name, territory, quarter),
        released=figures.released.get((name, territory, quarter)),
        stock=indicator.stock,
    )


def target_of(figures: FigureSet, name: str, territory: str, quarter: str) -> Target | None:
    """The target of a rate. Its gap is masked with the figure, which it would give away."""
    value = figures.target(name, territory, quarter) if figures.indicators[name].measure == "rate" else None
    if value is None:
        return None
    cell = figures.committee_cell(name, territory, quarter)
    if not isinstance(cell, RateCell) or cell.percent is None:
        return Target(value, None, None)
    figure = figures.figure(name, territory, quarter)
    return Target(value, cell.percent - value, missing_persons(figure, value))
