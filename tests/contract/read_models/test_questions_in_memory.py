"""A side that is asked of rows in memory has the rows that the databases find."""

from collections import Counter
from typing import Any

from hypothesis import given, settings
from sqlalchemy import Connection, select

from services.reporting.facts.tables import TABLES
from services.reporting.indicators.parameters import load_definitions, query_parameters
from services.reporting.ledger.questions import TablesInMemory, compile_question
from services.reporting.queries.reports import Reports
from tests.contract.read_models.test_figure_laws import EXAMPLES, law
from tests.unit.reporting.counted import QUARTERS, fold_only, latest, sides
from tests.unit.reporting.random_histories import Line, random_lines, recorded

QUESTIONS = {(name, side): compile_question(query) for name, side, query in sides()}


def rows_in_memory(connection: Connection) -> TablesInMemory:
    return {name: [dict(row) for row in connection.execute(select(table)).mappings()] for name, table in TABLES.items()}


def found_by_database(connection: Connection, query: Any, parameters: dict[str, Any]) -> Counter[tuple[Any, ...]]:
    return Counter(tuple(row) for row in connection.execute(query, parameters))


@settings(law, max_examples=max(1, EXAMPLES // 4))  # the laws of the ledger ask the same of more histories
@given(lines=random_lines())
def test_the_same_rows_are_found(report: Reports, lines: list[Line]) -> None:
    fold_only(report, recorded(lines))
    with report.models.reading() as connection:
        parameters = query_parameters(latest(load_definitions(connection)), QUARTERS)
        tables = rows_in_memory(connection)
        for name, side, query in sides():
            assert Counter(QUESTIONS[name, side].find(tables, parameters)) == found_by_database(connection, query, parameters), (name, side)
