"""The building blocks of sides: queries over the tables of facts, for all quarters at once.

How it works
------------
A side joins a table of facts with the reference table `quarter`, on a condition that decides when a fact counts:

    SELECT quarter.id, … FROM barrier JOIN quarter ON quarter.id BETWEEN :first AND :last AND barrier.identified_on <= quarter.end_on

- `by_quarter_end(day)`: a cumulative side. The fact happened on or before the last day of the quarter, so that it is a row of its
  own quarter and of every later one.
- `in_quarter(day)`: the fact happened within the quarter, and is a row of that quarter alone.

One query therefore gives a figure for every quarter and every territory: `figure` groups the rows by these two columns.

Each row of a side has the same columns:

    quarter     the id of the quarter, `2024-Q2`
    territory   where the fact happened: a count uses the territory at the moment of the event
    counted     what is counted, each distinct value once: a person (`persons_side`), or the key of a fact (`facts_side`)
    on          the day of the fact, ISO text
    person      the person of the fact, NULL where there is none (a survey is anonymous)
    detail      the code of the kind of fact, for the evidence
    positions   the positions of the source events of the row
    amount      the number that a mean or a median is computed from; NULL elsewhere

Persons whose records were merged count as one: sides about persons look up the record that represents the person, its root.

Bind parameters are set when the query runs (`queries.figures.query_parameters`): `first` and `last` quarter, and from the definitions
`version`, `redirection` (the stage at which a referral counts) and `late_days`.
"""

from functools import reduce
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Integer, String, Table, and_, bindparam, cast, func, null, select

from services.reporting.facts import tables as t
from services.reporting.indicators.model import Side

Column = ColumnElement[Any]
quarter = t.quarter
requested_quarter = quarter.c.id.between(bindparam("first"), bindparam("last"))
definitions_version: Column = bindparam("version")
person_record = t.person.alias("record")
NULL = null()
NULL_AMOUNT: Column = cast(null(), Integer)  # typed, so that PostgreSQL can sum it


def by_quarter_end(day: Column) -> ColumnElement[bool]:
    """A day is on or before the last day of the quarter."""
    return and_(requested_quarter, day <= quarter.c.end_on)


def in_quarter(day: Column) -> ColumnElement[bool]:
    """A day is within the quarter."""
    return and_(requested_quarter, day.between(quarter.c.start_on, quarter.c.end_on))


def root_person(table: Any) -> Column:
    """The person whom a row of `with_person_record(table)` is about: the root of the merged records, or the record itself."""
    return func.coalesce(person_record.c.root, table.c.person)


def with_person_record(table: Table) -> FromClause:
    """The table joined with the record of its person, for `root_person`."""
    return table.outerjoin(person_record, person_record.c.person == table.c.person)


def side(
    source: FromClause,
    *conditions: ColumnElement[bool],
    counted: Column,
    on: Column,
    territory: Column,
    positions: Column,
    person: Column = NULL,
    detail: Column = NULL,
    amount: Column = NULL_AMOUNT,
) -> Side:
    """A side from any source of rows. One of the conditions says in which quarter a row counts."""
    return select(
        quarter.c.id.label("quarter"),
        territory.label("territory"),
        counted.label("counted"),
        on.label("on"),
        person.label("person"),
        detail.label("detail"),
        positions.label("positions"),
        amount.label("amount"),
    ).select_from(source.join(quarter, and_(*conditions)))


def persons_side(
    table: Table, *conditions: ColumnElement[bool], on: Column, territory: Column | None = None, detail: Column = NULL
) -> Side:
    """The rows of a table about persons; each person is counted once."""
    return side(
        with_person_record(table),
        *conditions,
        counted=root_person(table),
        on=on,
        territory=table.c.territory if territory is None else territory,
        positions=table.c.positions,
        person=root_person(table),
        detail=detail,
    )


def facts_side(table: Table, *conditions: ColumnElement[bool], on: Column, detail: Column = NULL, amount: Column = NULL_AMOUNT) -> Side:
    """The rows of a table; each row is counted, whether or not its table names a person."""
    about_persons = "person" in table.c
    return side(
        with_person_record(table) if about_persons else table,
        *conditions,
        counted=key_text(table),
        on=on,
        territory=table.c.territory,
        positions=table.c.positions,
        person=root_person(table) if about_persons else NULL,
        detail=detail,
        amount=amount,
    )


def key_text(table: Table) -> Column:
    """The primary key of a row as one text: its parts joined by `/`."""
    first, *others = (cast(column, String) for column in table.primary_key.columns)
    return reduce(lambda key, part: key + "/" + part, others, first)
