"""What each side of each indicator counts, row by row: to compare sides, territories, quarters and moments."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import delete, select, update

from services.reporting.facts.decisions import DefinitionsPublished
from services.reporting.facts.tables import TABLES
from services.reporting.indicators.catalogue import INDICATORS
from services.reporting.indicators.model import Side
from services.reporting.indicators.parameters import load_definitions, query_parameters
from services.reporting.quarters import quarters_between
from services.reporting.queries.reports import Reports
from shared.message import START
from tests.unit.reporting.history import History

QUARTERS = quarters_between("2022-Q2", "2025-Q2")


class Counted(NamedTuple):
    """One that counts, in a cell. `what` names a person or a fact."""

    quarter: str
    territory: str
    what: str


Rows = frozenset[Counted]
Sides = dict[tuple[str, str], Rows]  # by indicator, and "numerator" or "denominator"


def sides() -> Iterator[tuple[str, str, Side]]:
    for name, indicator in INDICATORS.items():
        yield name, "numerator", indicator.numerator
        if indicator.denominator is not None:
            yield name, "denominator", indicator.denominator


def fold_only(report: Reports, history: History) -> None:
    """Fold a history into tables that may hold another one: an engine that is kept compiles each statement once."""
    with report.models.writing() as connection:
        for name, table in TABLES.items():
            if name not in ("quarter", "checkpoint"):
                connection.execute(delete(table))
        empty = {"position": START, "recorded": None, "first_quarter": None, "last_quarter": None, "subtotal_in": 0, "coverage": ""}
        connection.execute(update(TABLES["checkpoint"]).values(empty))
    report.apply(history.events)


def latest(published: dict[int, DefinitionsPublished]) -> DefinitionsPublished:
    return published[max(published)]


def counted(report: Reports, quarters: Sequence[str] = QUARTERS) -> Sides:
    with report.models.reading() as connection:
        parameters = query_parameters(latest(load_definitions(connection)), quarters)
        found: Sides = {}
        for name, side, query in sides():
            rows = query.subquery()
            statement = select(rows.c.quarter, rows.c.territory, rows.c.counted)
            found[name, side] = frozenset(Counted(*map(str, row)) for row in connection.execute(statement, parameters))
        return found
