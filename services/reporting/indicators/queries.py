"""The vocabulary of questions over facts: rows of one shape, a quarter at a time.

Cumulative questions take what happened up to the quarter's end; the others, what happened within it. `first` and `last` bound the
quarters that are asked for, `version` names the definitions.
"""

from functools import reduce
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Integer, String, Table, and_, bindparam, cast, func, null, select

from services.reporting.facts import tables as t
from services.reporting.indicators.model import Side

Column = ColumnElement[Any]
quarter = t.quarter
asked = quarter.c.id.between(bindparam("first"), bindparam("last"))
version: Column = bindparam("version")
record = t.person.alias("record")
nothing = null()
no_amount: Column = cast(null(), Integer)


def until(day: Column) -> ColumnElement[bool]:
    """Up to the quarter's end."""
    return and_(asked, day <= quarter.c.end_on)


def within(day: Column) -> ColumnElement[bool]:
    return and_(asked, day.between(quarter.c.start_on, quarter.c.end_on))


def root_of(table: Any) -> Column:
    """The one person behind a record: the end of the chain of merges."""
    return func.coalesce(record.c.root, table.c.person)


def of_person(table: Table) -> FromClause:
    return table.outerjoin(record, record.c.person == table.c.person)


def rows(
    source: FromClause,
    *where: ColumnElement[bool],
    counted: Column,
    on: Column,
    territory: Column,
    positions: Column,
    person: Column = nothing,
    detail: Column = nothing,
    amount: Column = no_amount,
) -> Side:
    return select(
        quarter.c.id.label("quarter"),
        territory.label("territory"),
        counted.label("counted"),
        on.label("on"),
        person.label("person"),
        detail.label("detail"),
        positions.label("positions"),
        amount.label("amount"),
    ).select_from(source.join(quarter, and_(*where)))


def persons(table: Table, *where: ColumnElement[bool], on: Column, territory: Column | None = None, detail: Column = nothing) -> Side:
    """Rows of a table about persons, each person counted once."""
    root = root_of(table)
    place = table.c.territory if territory is None else territory
    return rows(of_person(table), *where, counted=root, on=on, territory=place, positions=table.c.positions, person=root, detail=detail)


def facts(table: Table, key: Column, *where: ColumnElement[bool], on: Column, detail: Column = nothing, amount: Column = no_amount) -> Side:
    """Rows of a table, each counted for itself; the person behind it is shown where there is one."""
    known = "person" in table.c
    source = of_person(table) if known else table
    person = root_of(table) if known else nothing
    return rows(
        source,
        *where,
        counted=key,
        on=on,
        territory=table.c.territory,
        positions=table.c.positions,
        person=person,
        detail=detail,
        amount=amount,
    )


def key_of(table: Table) -> Column:
    """The primary key as one value."""
    first, *others = (cast(column, String) for column in table.primary_key.columns)
    return reduce(lambda key, part: key + "/" + part, others, first)
