"""What can be read from SQLAlchemy's tree of a SELECT: its sources, its conditions, the columns and the parameters that it names."""

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

from msgspec import Struct
from sqlalchemy import Alias, CompoundSelect, Join, Table
from sqlalchemy.sql import elements, operators, visitors

from services.reporting.facts.tables import quarter


class Source(Struct, eq=False):
    """One table, alias or subquery of a FROM. `on` is the condition of an outer join, None elsewhere."""

    element: Any
    on: Any = None


@lru_cache(500)
def froms(select: Any) -> Sequence[Any]:
    """What a select reads. SQLAlchemy writes the whole statement to find that out."""
    return tuple(select.get_final_froms())


def flatten(element: Any, sources: list[Source], conditions: list[Any]) -> None:
    """The sources of a FROM from left to right, and the conditions of its inner joins."""
    if not isinstance(element, Join):
        sources.append(Source(element))
        return
    flatten(element.left, sources, conditions)
    if element.isouter:
        sources.append(Source(element.right, element.onclause))
        return
    flatten(element.right, sources, conditions)
    conditions += clauses(element.onclause)


def clauses(expression: Any) -> list[Any]:
    """The parts of a list of expressions, or of conditions that must all hold; the expression itself if it is no list."""
    if expression is None:
        return []
    if isinstance(expression, elements.Grouping):
        return clauses(expression.element)
    if isinstance(expression, elements.BooleanClauseList):
        return [part for each in expression.clauses for part in clauses(each)] if expression.operator is operators.and_ else [expression]
    return [*expression.clauses] if isinstance(expression, elements.ExpressionClauseList | elements.ClauseList) else [expression]


def columns_read(*expressions: Any) -> set[Any]:
    found = (element for expression in expressions for element in visitors.iterate(expression))
    return {element for element in found if isinstance(element, elements.ColumnClause)}


def tables_read(condition: Any) -> set[Any]:
    return {column.table for column in columns_read(condition)}


def is_unread(source: Source, read: Collection[Any]) -> bool:
    """Whether it is an outer join that adds nothing: nothing of its rows is read, and there is one at most, found by its whole key."""
    if source.on is None or not is_stored(source.element) or any(column.table is source.element for column in read):
        return False
    compared = {side for each in clauses(source.on) if each.operator is operators.eq for side in (each.left, each.right)}
    return all(column in compared for column in source.element.primary_key)


def tables_needed(select: Any) -> set[str]:
    """The stored tables that must have a row, or nothing is found: those that are joined, but not by an outer join."""
    if isinstance(select, CompoundSelect):
        return set[str].intersection(*map(tables_needed, select.selects))
    sources: list[Source] = []
    for element in froms(select):
        flatten(element, sources, [])
    found = set[str]()
    for element in (source.element for source in sources if source.on is None):
        found |= {stored_name(element)} if is_stored(element) else tables_needed(element.element)
    return found


def is_descending(key: Any) -> bool:
    return isinstance(key, elements.UnaryExpression) and key.modifier is operators.desc_op


def is_stored(element: Any) -> bool:
    return isinstance(element, Table) or (isinstance(element, Alias) and isinstance(element.element, Table))


def stored_name(element: Any) -> str:
    """The name of the table, whatever an alias calls it."""
    return str(element.element.name if isinstance(element, Alias) else element.name)  # type: ignore[attr-defined]


def parameters_of(select: Any) -> frozenset[str]:
    """The names of the bind parameters of a select, those of literals left out."""
    bound = (element for element in visitors.iterate(select) if isinstance(element, elements.BindParameter))
    return frozenset(parameter.key for parameter in bound if parameter.value is None)


def days_of(select: Any) -> dict[str, list[str]]:
    """The columns that are compared with the first day of the quarter: a row is found in that of this day alone, if there are any.

    If there is none, those that are compared with its last day: what is found changes in their quarters, and stays so until the next.
    """
    compared: dict[str, set[tuple[str, str]]] = {"start_on": set(), "end_on": set()}
    for condition in visitors.iterate(select):
        if isinstance(condition, elements.BinaryExpression):
            columns = columns_read(condition)
            for bound in columns:
                if bound.table is quarter and bound.name in compared:
                    compared[bound.name] |= {place for column in columns for place in places_of(column) if is_day(place[1])}
    found: dict[str, list[str]] = {}
    for table, column in sorted(compared["start_on"] or compared["end_on"]):
        found.setdefault(table, []).append(column)
    return found


def places_of(column: Any) -> set[tuple[str, str]]:
    """The stored columns that a column is made of: table and name."""
    if column.table is quarter:
        return set()
    if is_stored(column.table):
        return {(stored_name(column.table), column.name)}
    inside = column.table.element.selected_columns[column.name]
    return {place for each in columns_read(inside) for place in places_of(each)}


def is_day(name: str) -> bool:
    """By the names that columns of days have (`facts.tables`)."""
    return name in {"on", "window_end"} or name.endswith("_on")
