"""Numbers, days and sentences as French readers expect them."""

from datetime import date
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from services.bootstrap.registry import SERVICES
from services.gateway.pages import french
from services.gateway.pages.sentences import Sentences
from services.vocabulary import french_format


def test_numbers_and_percentages_have_narrow_no_break_spaces() -> None:
    assert french_format.number(5812) == "5\u202f812"
    assert french_format.number(4.6) == "4,6"
    assert french.percent(29) == "29\u202f%"
    assert french_format.number(None) == french.percent(None) == "–"


def test_a_gap_always_has_its_sign() -> None:
    assert [french.points(value) for value in (4, 1, 0, -4)] == ["+4\u00a0points", "+1\u00a0point", "0\u00a0point", "−4\u00a0points"]


def test_days_moments_and_quarters() -> None:
    assert french_format.day(date(2024, 7, 3)) == "3\u00a0juillet\u00a02024"
    assert french_format.day("2024-05-01") == "1er\u00a0mai\u00a02024"
    assert french.moment("2024-07-03T07:12:00+00:00") == "3\u00a0juillet\u00a02024 à 9\u00a0h\u00a012"
    assert str(french.quarter("2024-Q2")) == "2<sup>e</sup>\u00a0trimestre\u00a02024"
    assert french.quarter_plain("2024-Q1") == "1er trimestre 2024"


@pytest.mark.parametrize(("place", "expected"), [("Alençon", "d’Alençon"), ("Flers", "de Flers"), ("Écouché", "d’Écouché")])
def test_a_place_after_its_preposition(place: str, expected: str) -> None:
    assert french.of(place) == expected


SENTENCES = Sentences(SERVICES.values(), {"alencon": "Alençon"})
KINDS = {kind: event for service in SERVICES.values() for kind, event in service.events.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_every_event_is_one_french_sentence(kind: str) -> None:
    shape = inspect.type_info(KINDS[kind])
    assert isinstance(shape, inspect.StructType)
    data = {"type": shape.tag, **{field.name: example(field.type) for field in shape.fields}}
    text = SENTENCES.of(kind, msgspec.json.encode(data))
    assert text.endswith(".")
    assert "None" not in text


def test_a_sentence_names_a_territory_as_people_do() -> None:
    moved = {"person": "p-1", "from_territory": "alencon", "to_territory": "closed", "on": "2024-05-01", "reason": "x"}
    for kind in ("intake.PersonTransferred", "coaching.JourneyTransferred"):
        shape = inspect.type_info(KINDS[kind])
        assert isinstance(shape, inspect.StructType)
        data = {field.name: example(field.type) for field in shape.fields} | moved
        assert SENTENCES.of(kind, msgspec.json.encode({"type": shape.tag, **data})).endswith(
            "change de territoire : closed, et non plus Alençon."
        )


def test_an_event_of_a_newer_service_is_named() -> None:
    assert SENTENCES.of("housing.HomeFound", b"{}") == "housing.HomeFound."


def example(shape: inspect.Type) -> Any:
    match shape:
        case inspect.LiteralType(values=values):
            return values[0]
        case inspect.EnumType(cls=codes):
            return next(iter(codes)).value
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
