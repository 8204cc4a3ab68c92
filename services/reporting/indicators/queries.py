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
    territory   where it counts: one territory for each `counted` in a quarter, so that territories add up to the programme (ADR 0031)
    counted     what is counted, each distinct value once: a person, or the key of a fact
    on          the day of the fact, ISO text
    person      the person of the fact, NULL where there is none (a survey is anonymous)
    detail      the code of the kind of fact, for the evidence
    positions   the positions of the source events of the row
    amount      the number that a mean or a median is computed from; NULL elsewhere

A side is made from a `Population`: who or what counts, when and where. The numerator of a rate is made from the population of its
denominator, by leaving rows out (`where`, `joined`): so it is a part of it, of the same persons in the same territories and quarters.

Persons whose records were merged count as one: sides about persons look up the record that represents the person, its root.

Bind parameters are set when the query runs (`parameters.query_parameters`): `first` and `last` quarter, and from the definitions
`version`, `redirection` (the stage at which a referral counts), `late_days` and `outcome_days` (see `progress`).
"""

from functools import reduce
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import ColumnElement, FromClause, Integer, String, and_, bindparam, cast, func, null, or_, select

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


def not_by_quarter_end(day: Column) -> ColumnElement[bool]:
    """It has not happened by the last day of the quarter: later, or never."""
    return or_(day.is_(None), day > quarter.c.end_on)


def root_person(table: Any) -> Column:
    """The person whom a row of `with_person_record(table)` is about: the root of the merged records, or the record itself."""
    return func.coalesce(person_record.c.root, table.c.person)


def with_person_record(table: FromClause) -> FromClause:
    """The table joined with the record of its person, for `root_person`."""
    return table.outerjoin(person_record, person_record.c.person == table.c.person)


class Population(Struct, frozen=True, eq=False, kw_only=True):
    """The rows of `source` under `conditions`, one of which says in which quarter a row counts. `counted` counts in `territory`."""

    source: FromClause
    conditions: tuple[ColumnElement[bool], ...]
    counted: Column
    territory: Column
    positions: Column
    person: Column = NULL

    def where(self, *conditions: ColumnElement[bool]) -> "Population":
        """The part of this population for which these conditions hold too."""
        return replace(self, conditions=(*self.conditions, *conditions))

    def joined(self, others: FromClause, on: ColumnElement[bool]) -> "Population":
        """The part of this population that has such rows in another table."""
        return replace(self, source=self.source.join(others, on))

    def side(self, *, on: Column, positions: Column | None = None, detail: Column = NULL, amount: Column = NULL_AMOUNT) -> Side:
        return select(
            quarter.c.id.label("quarter"),
            self.territory.label("territory"),
            self.counted.label("counted"),
            on.label("on"),
            self.person.label("person"),
            detail.label("detail"),
            (self.positions if positions is None else positions).label("positions"),
            amount.label("amount"),
        ).select_from(self.source.join(quarter, and_(*self.conditions)))


def facts(table: FromClause, *conditions: ColumnElement[bool], counted: Column | None = None) -> Population:
    """The rows of a table; each row is counted, whether or not its table names a person."""
    about_persons = "person" in table.c
    return Population(
        source=with_person_record(table) if about_persons else table,
        conditions=conditions,
        counted=key_text(*table.primary_key) if counted is None else counted,
        territory=table.c.territory,
        positions=table.c.positions,
        person=root_person(table) if about_persons else NULL,
    )


def key_text(*key: Column) -> Column:
    """The columns of a key as one text: its parts joined by `/`.

    Before each part but the last is its length. So two keys never give the same text, whatever characters their senders chose.
    """
    *parts, last = (cast(column, String) for column in key)
    return reduce(lambda text, part: text + "/" + part, [*(cast(func.length(part), String) + ":" + part for part in parts), last])
