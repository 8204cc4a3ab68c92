"""The committee's page as data: what a territory sees of a quarter, masked where few people stand."""

from typing import Any

from services.reporting.indicators.formatting import Cell, missing_persons
from services.reporting.quarters import label
from services.reporting.queries.figures import FigureSet

Model = dict[str, Any]

# From the first contact to the exit: an indicator and the side of it that is counted.
FLOW = (
    ("met", "Rencontrées", "people_met", "numerator"),
    ("redirected", "Réorientées", "redirection_rate", "numerator"),
    ("coached", "Accompagnées", "positive_rate", "denominator"),
    ("positive", "Sorties positives", "positive_rate", "numerator"),
    ("dynamic", "Sorties dynamiques", "dynamic_rate", "numerator"),
)


def page(sheet: FigureSet, territory: Model, quarter: str, quarters: list[str], recorded: str | None) -> Model:
    here = quarters.index(quarter) if quarter in quarters else None
    return {
        "territory": territory,
        "quarter": quarter,
        "quarter_label": label(quarter),
        "previous_quarter": quarters[here - 1] if here else None,
        "next_quarter": quarters[here + 1] if here is not None and here + 1 < len(quarters) else None,
        "quarters": quarters,
        "position": sheet.position,
        "recorded": recorded,
        "definitions": sheet.definitions.version,
        "indicators": [line(sheet, name, territory["id"], quarter, quarters) for name in sheet.indicators],
        "flow": [step(sheet, *stage, territory=territory["id"], quarter=quarter) for stage in FLOW if stage[2] in sheet.indicators],
    }


def line(sheet: FigureSet, name: str, territory: str, quarter: str, quarters: list[str]) -> Model:
    indicator = sheet.indicators[name]
    earlier = [other for other in quarters if other < quarter]
    return {
        "id": name,
        "label": indicator.label,
        "section": indicator.section,
        "unit": indicator.unit,
        "cumulative": indicator.cumulative,
        "definition": indicator.definition,
        "population": indicator.population,
        "cell": sheet.shown(name, territory, quarter),
        "previous": sheet.shown(name, territory, earlier[-1]) if earlier else None,
        "target": target(sheet, name, territory, quarter),
        "trend": [{"quarter": other, "cell": sheet.shown(name, territory, other)} for other in quarters],
    }


def target(sheet: FigureSet, name: str, territory: str, quarter: str) -> Model | None:
    value = sheet.target(name, territory, quarter) if sheet.indicators[name].measure == "rate" else None
    if value is None:
        return None
    figure = sheet.figure(name, territory, quarter)
    if (name, territory, quarter) in sheet.masks or figure.percent is None:
        return {"value": value, "gap_points": None, "missing": None}
    return {"value": value, "gap_points": figure.percent - value, "missing": missing_persons(figure, value)}


def step(sheet: FigureSet, id: str, title: str, name: str, side: str, *, territory: str, quarter: str) -> Model:
    return {"id": id, "label": title, "indicator": name, "side": side, "cell": counted(sheet, name, side, territory, quarter)}


def counted(sheet: FigureSet, name: str, side: str, territory: str, quarter: str) -> Cell:
    """A count beside a rate says no more than the rate: it is masked with it, but for the cohort, which stands under several."""
    figure = sheet.figure(name, territory, quarter)
    small = sheet.definitions.thresholds["small_cell"]
    if side == "denominator":
        few = 0 < (figure.denominator or 0) < small
        return {"masked": f"Moins de {small} : le nombre n’est pas montré au comité."} if few else {"value": figure.denominator}
    why = sheet.masks.get((name, territory, quarter))
    return {"masked": why} if why else {"value": figure.numerator}
