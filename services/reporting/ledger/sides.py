"""The sides that the ledger keeps, compiled from the catalogue of indicators."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Literal

from msgspec import Struct

from services.reporting.facts.tables import KEY_COLUMNS, TABLES, outcome_class, quarter
from services.reporting.indicators.catalogue import INDICATORS
from services.reporting.indicators.model import Indicator, Side
from services.reporting.ledger.questions import Question, compile_question
from services.reporting.ledger.selects import parameters_of

Which = Literal["numerator", "denominator"]
COLUMNS = ("quarter", "territory", "counted", "amount")  # of a side: what a count needs
SPAN = ("first", "last")  # the parameters that limit what databases are asked for
REFERENCE = {quarter.name, outcome_class.name}  # tables that are the same for every person


class CountedSide(Struct, frozen=True):
    """A side as the ledger keeps it.

    - `cumulative`: its figure is the sum of the entries of the quarter and of all before it, not of the quarter alone.
    - `with_amounts`: there is an entry for each amount, as a mean or a median needs them.
    - `versioned`: the definitions decide what counts, so there are entries for each version of them.
    - `tables`: those whose rows decide it. `by_row`: each row of the one table by itself; else all rows of a person together.
    """

    name: str
    question: Question
    cumulative: bool
    with_amounts: bool
    versioned: bool
    tables: frozenset[str]
    by_row: bool


def counted_side(indicator: Indicator, which: Which, side: Side) -> CountedSide:
    question = compile_question(side, COLUMNS, SPAN)
    tables = question.tables - REFERENCE
    return CountedSide(
        name=f"{indicator.id}.{which}",
        question=question,
        cumulative=indicator.cumulative,
        with_amounts=indicator.measure in {"mean", "median"},
        versioned=bool(parameters_of(side) - {*SPAN}),
        tables=tables,
        by_row=question.one_loop and len(tables) == 1,
    )


class Sides(Struct, frozen=True):
    """Every side of the catalogue once, however many indicators count it: `of` an indicator and side, and by `name`.

    `by_row` and `of_person` are those that a table decides, with `row_tables` and `person_tables` the tables that decide any.
    """

    of: Mapping[tuple[str, Which], CountedSide]
    name: Mapping[str, CountedSide]
    by_row: Mapping[str, Sequence[CountedSide]]
    of_person: Mapping[str, Sequence[CountedSide]]
    row_tables: frozenset[str]
    person_tables: frozenset[str]
    of_whole_person: Sequence[CountedSide]
    versioned: Sequence[CountedSide]


@cache
def sides() -> Sides:
    """Compiled when they are first needed: most processes keep no ledger."""
    of = compiled(INDICATORS.values())
    name = {side.name: side for side in of.values()}
    by_row = {table: [side for side in name.values() if side.by_row and table in side.tables] for table in TABLES}
    of_person = {table: [side for side in name.values() if not side.by_row and table in side.tables] for table in TABLES}
    found = Sides(
        of,
        name,
        by_row,
        of_person,
        row_tables=frozenset(table for table, known in by_row.items() if known),
        person_tables=frozenset(table for table, known in of_person.items() if known),
        of_whole_person=[side for side in name.values() if not side.by_row],
        versioned=[side for side in name.values() if side.versioned],
    )
    assert all(KEY_COLUMNS[table][0] == "person" for table in found.person_tables), "the key of each row begins with its person"
    return found


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
