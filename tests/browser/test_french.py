"""Numbers, days and sentences as French readers expect them."""

from datetime import date
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from services.bootstrap.composition import event_structs
from services.gateway.pages import french
from services.gateway.pages.sentences import SENTENCES, sentence


def test_numbers_and_percentages_have_narrow_no_break_spaces() -> None:
    assert french.number(5812) == "5\u202f812"
    assert french.number(4.6) == "4,6"
    assert french.percent(29) == "29\u202f%"
    assert french.number(None) == french.percent(None) == "–"


def test_a_gap_always_has_its_sign() -> None:
    assert [french.points(value) for value in (4, 1, 0, -4)] == ["+4\u00a0points", "+1\u00a0point", "0\u00a0point", "−4\u00a0points"]


def test_days_moments_and_quarters() -> None:
    assert french.day(date(2024, 7, 3)) == "3\u00a0juillet\u00a02024"
    assert french.day("2024-05-01") == "1er\u00a0mai\u00a02024"
    assert french.moment("2024-07-03T07:12:00+00:00") == "3\u00a0juillet\u00a02024 à 9\u00a0h\u00a012"
    assert str(french.quarter("2024-Q2")) == "2<sup>e</sup>\u00a0trimestre\u00a02024"
    assert french.quarter_plain("2024-Q1") == "1er trimestre 2024"


@pytest.mark.parametrize(("place", "said"), [("Alençon", "d’Alençon"), ("Flers", "de Flers"), ("Écouché", "d’Écouché")])
def test_a_place_after_its_preposition(place: str, said: str) -> None:
    assert french.of(place) == said


def test_every_event_of_every_service_has_its_sentence() -> None:
    assert set(event_structs()) == set(SENTENCES)


@pytest.mark.parametrize("kind", sorted(event_structs()))
def test_a_sentence_reads_only_what_its_event_has(kind: str) -> None:
    struct = event_structs()[kind]
    shape = inspect.type_info(struct)
    assert isinstance(shape, inspect.StructType)
    data = {field.name: example(field.type) for field in shape.fields}
    msgspec.convert(data, struct, strict=False)
    said = sentence(kind, data)
    assert said.endswith(".")
    assert "None" not in said


def example(shape: inspect.Type) -> Any:
    match shape:
        case inspect.LiteralType(values=values):
            return values[0]
        case inspect.IntType():
            return 1
        case inspect.BoolType():
            return True
        case inspect.DateType():
            return "2024-05-01"
        case inspect.ListType():
            return []
        case inspect.DictType():
            return {}
        case inspect.UnionType(types=types):
            return None if any(isinstance(each, inspect.NoneType) for each in types) else example(types[0])
        case _:
            return "x"
