"""Every command is read without its schema where the schema would change nothing, and only there."""

from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from marshmallow import Schema, ValidationError, fields

from services.bootstrap.registry import SERVICES
from services.vocabulary.french import VALIDATION
from shared.validation import MAX_TEXT_LENGTH, CommandParser, plain_values

PARSERS = {
    command.__name__: CommandParser(command, VALIDATION)
    for service in SERVICES.values()
    for aggregate in service.aggregates
    for command in aggregate.command_types
}
ODD: list[Any] = [
    None,
    "",
    " ",
    "a ",
    " a",
    "é",
    "e\u0301",
    "a\u00a0b",
    "a\u200bb",
    "a\n",
    "’",
    "ÅΩ",
    "x" * 121,
    "x" * 501,
    0,
    1,
    1.0,
    2.5,
    True,
    [],
    {},
    "1",
    10**30,
]
DAYS = ["2024-02-29", "2024-2-9", "2023-02-29", "2024-05-01T00:00:00", "20240501", "２024-05-01"]


def values_for(field: Any) -> st.SearchStrategy[Any]:
    """Right values of a field, and odd ones."""
    odd = st.sampled_from([*ODD, *DAYS])
    match field:
        case fields.List(inner=inner):
            return st.lists(values_for(inner), max_size=3) | odd
        case fields.Nested(schema=Schema() as schema):
            return data_of(schema) | odd
        case fields.Dict():
            return st.dictionaries(st.sampled_from(["a", " a", "é"]), st.sampled_from(["b", 1, None]), max_size=2) | odd
        case fields.Date():
            return st.sampled_from(DAYS) | odd
        case _:
            choices = [choice for check in field.validators for choice in getattr(check, "choices", ())]
            right = ["p-1", "QP061001", "2024-Q2", "https://a.example/x", "Marché des Halles", 2024, 3, True, 4.0, *choices]
            return st.sampled_from([*right, *choices, *choices]) | odd


def data_of(schema: Schema) -> st.SearchStrategy[dict[str, Any]]:
    known = {name: values_for(field) for name, field in schema.fields.items()}
    return st.fixed_dictionaries({}, optional=known | {"surprise": st.just(1)}) | st.fixed_dictionaries(known)


@pytest.mark.parametrize("name", PARSERS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.data())
def test_what_is_read_without_the_schema_is_what_the_schema_gives(name: str, data: st.DataObject) -> None:
    parser = PARSERS[name]
    given_data = data.draw(data_of(parser.schema))
    plain = plain_values(given_data, parser.plain_type)
    if plain is None:
        return
    try:
        by_schema = parser.schema.load(given_data)
    except ValidationError as fault:
        raise AssertionError(f"{given_data} is taken without the schema, which says {fault.messages}") from fault
    assert plain == by_schema
    assert [type(value) for value in plain.values() if isinstance(value, date | datetime)] == [
        type(by_schema[name]) for name, value in plain.items() if isinstance(value, date | datetime)
    ]


def test_what_most_senders_write_is_plain() -> None:
    written = {"person": "p-1", "channel": "RUE", "place": "Marché des Halles, l’entrée", "radar": "NON_INSCRIT"}
    plain = PARSERS["IdentifyPerson"].plain_type
    assert plain_values(written, plain) == {**written, "qpv": None}
    for place in ("Marche\u0301", " Marché", "Marché\u00a0", "Mar\u200bché", "", "x" * (MAX_TEXT_LENGTH + 1)):
        assert plain_values({**written, "place": place}, plain) is None


def test_few_commands_are_never_plain() -> None:
    assert len([name for name, parser in PARSERS.items() if parser.plain_type is None]) < len(PARSERS) / 10
