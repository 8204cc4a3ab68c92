"""The sides that the ledger keeps: each side of the catalogue once, compiled, however many indicators count it."""

import hashlib
from collections.abc import Iterator, Mapping
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


def declared() -> Iterator[tuple[Indicator, Which, Side]]:
    for indicator in INDICATORS.values():
        yield indicator, "numerator", indicator.numerator
        if indicator.denominator is not None:
            yield indicator, "denominator", indicator.denominator


def compiled() -> dict[tuple[str, Which], CountedSide]:
    """By indicator and side. Indicators that count the same thing in the same way share one."""
    known: dict[tuple[int, bool], CountedSide] = {}
    found: dict[tuple[str, Which], CountedSide] = {}
    for indicator, which, side in declared():
        kind = (id(side), indicator.cumulative)
        if kind not in known:
            known[kind] = counted_side(indicator, which, side)
        found[indicator.id, which] = known[kind]
    return found


SIDE_OF: Mapping[tuple[str, Which], CountedSide] = compiled()
SIDES: Mapping[str, CountedSide] = {side.name: side for side in SIDE_OF.values()}
BY_ROW = {table: [side for side in SIDES.values() if side.by_row and table in side.tables] for table in TABLES}
OF_PERSON = {table: [side for side in SIDES.values() if not side.by_row and table in side.tables] for table in TABLES}
ALL_OF_PERSON = [side for side in SIDES.values() if not side.by_row]
ROW_TABLES = frozenset(table for table, sides in BY_ROW.items() if sides)
PERSON_TABLES = frozenset(table for table, sides in OF_PERSON.items() if sides)


def digest() -> str:
    """Of all that decides what is counted: the same as long as each side asks the same, whatever its texts say."""
    told = sorted((name, side.question.source, side.cumulative, side.with_amounts) for name, side in SIDES.items())
    return hashlib.sha256(repr(told).encode()).hexdigest()


assert all(KEY_COLUMNS[table][0] == "person" for table in PERSON_TABLES), "the rows of a person are found by the first column of their key"
