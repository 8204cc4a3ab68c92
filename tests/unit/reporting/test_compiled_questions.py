"""A question over rows in memory gives what the database gives, NULLs included; and what it does not know, it refuses."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import Column, Integer, MetaData, String, Table, and_, case, cast, create_engine, exists, func, insert, not_, or_, select

from services.reporting.indicators.catalogue import INDICATORS
from services.reporting.ledger.expressions import Unsupported
from services.reporting.ledger.questions import compile_question
from services.reporting.ledger.sides import digest

METADATA = MetaData()
ONE, OTHER = (
    Table(name, METADATA, Column("key", Integer, primary_key=True), Column("number", Integer), Column("name", String))
    for name in ("one", "other")
)
NUMBERS, NAMES = st.none() | st.integers(-1, 2), st.none() | st.sampled_from(["", "a", "b"])
ROWS = st.lists(st.tuples(NUMBERS, NAMES), max_size=4)

numbers = st.one_of(
    st.sampled_from([ONE.c.number, ONE.c.key, ONE.c.number + 1, ONE.c.number - ONE.c.key]),
    st.just(func.coalesce(ONE.c.number, 7)),
    st.just(case((ONE.c.name == "a", ONE.c.number), (ONE.c.number > 0, 5), else_=ONE.c.key)),
    st.just(func.length(ONE.c.name)),
)
texts = st.sampled_from([ONE.c.name, ONE.c.name + "/" + cast(ONE.c.number, String), func.coalesce(ONE.c.name, "c")])
conditions = st.recursive(
    st.one_of(
        st.builds(lambda value, most: value <= most, numbers, st.integers(-1, 2)),
        st.builds(lambda value, least: value > least, numbers, st.just(ONE.c.number)),
        st.builds(lambda value, other: value != other, texts, st.sampled_from(["a", "b/1"])),
        st.builds(lambda value: value.is_(None), texts),
        st.builds(lambda value: value.is_not(None), numbers),
        st.builds(lambda value: value.in_((0, 1)), numbers),
        st.builds(lambda value: value.not_in(("a",)), texts),
        st.builds(lambda value: value.between(0, 1), numbers),
        st.just(exists().where(OTHER.c.number == ONE.c.number)),
    ),
    lambda inner: st.one_of(st.builds(and_, inner, inner), st.builds(or_, inner, inner), st.builds(not_, inner)),
    max_leaves=6,
)


def rows_of(values: Sequence[tuple[int | None, str | None]]) -> list[dict[str, Any]]:
    return [{"key": key, "number": number, "name": name} for key, (number, name) in enumerate(values)]


@settings(max_examples=600, deadline=None)
@given(one=ROWS, other=ROWS, condition=conditions, value=numbers | texts)
def test_every_condition_and_value_is_that_of_the_database(
    one: list[tuple[int | None, str | None]], other: list[tuple[int | None, str | None]], condition: Any, value: Any
) -> None:
    engine = create_engine("sqlite://")
    question = select(ONE.c.key, value).where(condition)
    tables = {"one": rows_of(one), "other": rows_of(other)}
    with engine.begin() as connection:
        METADATA.create_all(connection)
        for table in (ONE, OTHER):
            if tables[table.name]:
                connection.execute(insert(table), tables[table.name])
        expected = Counter(map(tuple, connection.execute(question)))
    engine.dispose()
    assert Counter(compile_question(question).find(tables, {})) == expected


@pytest.mark.parametrize(
    "question",
    [select(ONE.c.key).where(ONE.c.name.like("a%")), select(func.upper(ONE.c.name)), select(ONE.c.key).where(func.length(ONE.c.name))],
)
def test_what_is_not_known_is_refused_when_it_is_compiled(question: Any) -> None:
    with pytest.raises(Unsupported):
        compile_question(question)


def test_the_digest_follows_what_is_counted_and_no_text() -> None:
    indicator = INDICATORS["interviews"]
    before = digest([indicator])
    assert digest([replace(indicator, label="Rendez-vous")]) == before
    assert digest([replace(indicator, cumulative=True)]) != before
    assert digest([replace(indicator, numerator=INDICATORS["barriers_lifted"].numerator)]) != before
