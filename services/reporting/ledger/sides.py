"""The sides that the ledger keeps, compiled from the catalogue of indicators."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any, Literal

from msgspec import Struct

from services.reporting.facts.tables import KEY_COLUMNS, TABLES, Row, definitions, outcome_class, quarter
from services.reporting.indicators.catalogue import INDICATORS
from services.reporting.indicators.model import Indicator, Side
from services.reporting.ledger.questions import Question, compile_question
from services.reporting.ledger.selects import parameters_of

Which = Literal["numerator", "denominator"]
COLUMNS = ("quarter", "territory", "counted", "amount")  # of a side: what a count needs
COLUMNS_OF_ROW = ("quarter", "territory", "amount")
SPAN = ("first", "last")  # the parameters that limit what databases are asked for
REFERENCE = {quarter.name, outcome_class.name}  # tables that are the same for every person


class CountedSide(Struct, frozen=True):
    """A side as the ledger keeps it.

    - `cumulative`: its figure is the sum of the entries of the quarter and of all before it, not of the quarter alone.
    - `with_amounts`: there is an entry for each amount, as a mean or a median needs them.
    - `versioned`: the definitions decide what counts, so there are entries for each version of them.
    - `tables`: those whose rows decide it. `by_row`: each row of the one table by itself; else all rows of a person together.
    - `needed`: those of these tables without whose rows nothing counts.
    """

    name: str
    question: Question
    cumulative: bool
    with_amounts: bool
    versioned: bool
    tables: frozenset[str]
    by_row: bool
    needed: tuple[str, ...]

    def reads(self, table: str, columns: Iterable[str]) -> bool:
        """Whether it can change what counts when these columns of a row change."""
        return table in self.tables and not self.question.columns[table].isdisjoint(columns)


def counted_side(indicator: Indicator, which: Which, side: Side) -> CountedSide:
    question = compile_question(side, COLUMNS, SPAN)
    tables = frozenset(question.columns) - REFERENCE
    by_row = question.one_loop and len(tables) == 1
    if by_row:  # it counts once in a quarter, whatever it is
        question = compile_question(side, COLUMNS_OF_ROW, SPAN)
    return CountedSide(
        name=f"{indicator.id}.{which}",
        question=question,
        cumulative=indicator.cumulative,
        with_amounts=indicator.measure in {"mean", "median"},
        versioned=bool(parameters_of(side) - {*SPAN}),
        tables=tables,
        by_row=by_row,
        needed=tuple(sorted(question.needed - REFERENCE)),
    )


class Sides(Struct, frozen=True):
    """Every side of the catalogue once, however many indicators count it: `of` an indicator and side, and by `name`.

    `by_row` and `of_person` are those that a table decides, with `row_tables` and `person_tables` the tables that decide any, and
    `counted` all of these and the definitions.
    `values_of` gives the values of a row that its sides by row read.
    """

    of: Mapping[tuple[str, Which], CountedSide]
    name: Mapping[str, CountedSide]
    by_row: Mapping[str, Sequence[CountedSide]]
    of_person: Mapping[str, Sequence[CountedSide]]
    row_tables: frozenset[str]
    person_tables: frozenset[str]
    counted: frozenset[str]
    values_of: Mapping[str, Callable[[Row], Any]]
    of_whole_person: Sequence[CountedSide]
    versioned: Sequence[CountedSide]


@cache
def sides() -> Sides:
    """Compiled when they are first needed: most processes keep no ledger."""
    of = compiled(INDICATORS.values())
    name = {side.name: side for side in of.values()}
    by_row = {table: [side for side in name.values() if side.by_row and table in side.tables] for table in TABLES}
    of_person = {table: [side for side in name.values() if not side.by_row and table in side.tables] for table in TABLES}
    row_tables, person_tables = (frozenset(table for table, known in each.items() if known) for each in (by_row, of_person))
    found = Sides(
        of,
        name,
        by_row,
        of_person,
        row_tables=row_tables,
        person_tables=person_tables,
        counted=row_tables | person_tables | {definitions.name},
        values_of={table: itemgetter(*sorted(columns_read(table, known))) for table, known in by_row.items() if known},
        of_whole_person=[side for side in name.values() if not side.by_row],
        versioned=[side for side in name.values() if side.versioned],
    )
    assert all(KEY_COLUMNS[table][0] == "person" for table in found.person_tables), "the key of each row begins with its person"
    return found


def columns_read(table: str, known: Iterable[CountedSide]) -> set[str]:
    return {column for side in known for column in side.question.columns[table]}


def compiled(indicators: Iterable[Indicator]) -> dict[tuple[str, Which], CountedSide]:
    """By indicator and side. Indicators that count the same thing in the same way share one."""
    known: dict[tuple[int, bool], CountedSide] = {}
    found: dict[tuple[str, Which], CountedSide] = {}
    for indicator, which, side in declared(indicators):
        kind = (id(side), indicator.cumulative)
        if kind not in known:
            known[kind] = counted_side(indicator, which, side)
        found[indicator.id, which] = known[kind]
    return found


def declared(indicators: Iterable[Indicator]) -> Iterator[tuple[Indicator, Which, Side]]:
    for indicator in indicators:
        yield indicator, "numerator", indicator.numerator
        if indicator.denominator is not None:
            yield indicator, "denominator", indicator.denominator


def digest(indicators: Iterable[Indicator]) -> str:
    """Of all that decides what is counted: the same as long as each side asks the same, whatever its texts say."""
    told = sorted({(side.name, side.question.source, side.cumulative, side.with_amounts) for side in compiled(indicators).values()})
    return hashlib.sha256(repr(told).encode()).hexdigest()
