"""The committee's page of a territory and a quarter: every indicator, masked where it would tell something about a few people."""

from typing import NamedTuple

from services.reporting.answers import CommitteePage, FunnelStage, IndicatorLine, RateCell, Target, TerritoryName, TrendPoint
from services.reporting.indicators.catalogue import INDICATORS
from services.reporting.indicators.formatting import missing_persons
from services.reporting.quarters import label, quarter_before
from services.reporting.queries.figures import FigureSet
from shared.message import Position

# The funnel from the first contact to the exit: id, label, indicator, and the side of it whose count is shown.
FUNNEL = (
    ("met", "Rencontrées", "people_met", "numerator"),
    ("redirected", "Réorientées", "redirection_rate", "numerator"),
    ("coached", "Accompagnées", "positive_rate", "denominator"),
    ("positive", "Sorties positives", "positive_rate", "numerator"),
    ("dynamic", "Sorties dynamiques", "dynamic_rate", "numerator"),
)


class LogRead(NamedTuple):
    """Up to where the log was read for the figures of a page, when its last event was recorded, and the day of the closing, if any.

    `begun` is when the first definitions were recorded.
    """

    position: Position
    recorded: str | None
    closed_on: str | None = None
    begun: str | None = None


def committee_page(figures: FigureSet, territory: TerritoryName, quarter: str, quarters: list[str], read: LogRead) -> CommitteePage:
    """`quarters` are those that have facts: the page links to the one before and the one after."""
    index = quarters.index(quarter) if quarter in quarters else None
    return CommitteePage(
        territory=territory,
        quarter=quarter,
        quarter_label=label(quarter),
        previous_quarter=quarters[index - 1] if index else None,
        next_quarter=quarters[index + 1] if index is not None and index + 1 < len(quarters) else None,
        quarters=quarters,
        position=read.position,
        recorded=read.recorded,
        closed_on=read.closed_on,
        follow_after=figures.position,
        begun=read.begun,
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
    before = quarter_before(quarter) if quarter_before(quarter) in quarters else None
    return IndicatorLine(
        id=name,
        label=indicator.label,
        section=indicator.section,
        unit=indicator.unit,
        cumulative=indicator.cumulative,
        definition=figures.printed_definition(name, quarter),
        population=indicator.population,
        cell=figures.committee_cell(name, territory, quarter),
        previous=figures.committee_cell(name, territory, before) if before and before in declared else None,
        target=target_of(figures, name, territory, quarter),
        trend=[
            TrendPoint(other, figures.committee_cell(name, territory, other), target_value(figures, name, territory, other))
            for other in declared
        ],
        year=figures.year_cell(name, territory, quarter),
        released=figures.released.get((name, territory, quarter)),
        stock=indicator.stock,
    )


def target_of(figures: FigureSet, name: str, territory: str, quarter: str) -> Target | None:
    """The target of a rate. Its gap is masked with the figure, which it would give away."""
    value = target_value(figures, name, territory, quarter)
    if value is None:
        return None
    cell = figures.committee_cell(name, territory, quarter)
    if not isinstance(cell, RateCell) or cell.percent is None:
        return Target(value, None, None)
    figure = figures.figure(name, territory, quarter)
    return Target(value, cell.percent - value, missing_persons(figure, value))


def target_value(figures: FigureSet, name: str, territory: str, quarter: str) -> int | None:
    return figures.target(name, territory, quarter) if INDICATORS[name].measure == "rate" else None
