"""Validation: untrusted data becomes a command, or every fault is listed at once."""

import unicodedata
from datetime import date
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from services.vocabulary.french import VALIDATION
from shared.coded_value import CodedValue
from shared.command_fields import FactDate, FilledIn, filled_in_by_handler
from shared.errors import Invalid
from shared.validation import CommandParser, schema_of


class Place(Struct, frozen=True):
    vintage: int
    name: str
    code: str | None = None


class Channel(CodedValue):
    RUE = "RUE", "dans la rue"
    PERMANENCE = "PERMANENCE", "en permanence"


class Visit(Struct, frozen=True):
    person: Annotated[str, Meta(max_length=5)]
    channel: Channel
    minutes: Annotated[int, Meta(ge=1, le=480)]
    until: date
    needs: list[str]
    answers: dict[str, Literal["OUI", "NON"]]
    on: FactDate
    place: Place | None = None


PARSER = CommandParser(Visit, VALIDATION)
FILLED_IN = {FilledIn.FACT_DATE: date(2023, 3, 1)}
GOOD: dict[str, Any] = {
    "person": "p-1",
    "channel": "RUE",
    "minutes": 30,
    "until": "2023-04-01",
    "needs": ["mobilite"],
    "answers": {"logement": "OUI"},
    "place": {"vintage": 2024, "name": "Perseigne"},
}


def parse(data: Any) -> Any:
    return PARSER.build(PARSER.validate(data), FILLED_IN)


def faults_of(data: Any) -> dict[str, list[str]]:
    try:
        PARSER.validate(data)
    except Invalid as invalid:
        return invalid.faults
    return {}


def test_the_handler_fills_in_the_marked_fields() -> None:
    assert filled_in_by_handler(Visit) == {"on": FilledIn.FACT_DATE}


def test_good_data_becomes_a_complete_command() -> None:
    place = Place(2024, "Perseigne")
    assert parse(GOOD) == Visit("p-1", Channel.RUE, 30, date(2023, 4, 1), ["mobilite"], {"logement": "OUI"}, date(2023, 3, 1), place)


def test_every_fault_is_listed_at_once() -> None:
    bad = {
        "person": "trop long",
        "channel": "MER",
        "minutes": 0,
        "until": "demain",
        "needs": [1],
        "answers": {"logement": "PEUT-ÊTRE"},
        "place": {},
    }
    with pytest.raises(Invalid) as refusal:
        parse(bad)
    assert set(refusal.value.faults) == {
        "person",
        "channel",
        "minutes",
        "until",
        "needs.0",
        "answers.logement.value",
        "place.vintage",
        "place.name",
    }


@pytest.mark.parametrize("field", ["on", "anything"])
def test_a_field_that_is_not_asked_is_refused(field: str) -> None:
    """What the handler fills in cannot be sent: a caller never chooses who it is or when it speaks."""
    with pytest.raises(Invalid) as refusal:
        parse({**GOOD, field: "2020-01-01"})
    assert refusal.value.faults == {field: ["Ce champ n’existe pas."]}


@pytest.mark.parametrize("data", [None, [], "text", 3])
def test_what_is_not_an_object_is_refused(data: Any) -> None:
    with pytest.raises(Invalid):
        parse(data)


def test_an_empty_text_is_not_a_value() -> None:
    with pytest.raises(Invalid) as refusal:
        parse({**GOOD, "person": ""})
    assert list(refusal.value.faults) == ["person"]


CONTROL = VALIDATION.invisible_character


@pytest.mark.parametrize(
    "character", ["\0", "\x01", "\t", "\n", "\r", "\x1f", "\x7f", "\x85", "\x9b", "\u2028", "\u2029", "\u200b", "\u202e", "\ufeff"]
)
def test_an_invisible_character_is_in_no_text_wherever_it_is(character: str) -> None:
    bad = {
        **GOOD,
        "person": f"p{character}1",
        "needs": [f"{character}"],
        "answers": {f"loge{character}ment": "OUI"},
        "place": {"vintage": 1, "name": f"Perseigne{character}"},
    }
    assert faults_of(bad) == {
        "person": [CONTROL],
        "needs.0": [CONTROL],
        f"answers.loge{character}ment.key": [CONTROL],
        "place.name": [CONTROL],
    }
    assert faults_of({**GOOD, "person": f"p{character}1 et la suite"}) == {"person": ["Entre 1 et 5 caractères.", CONTROL]}


def test_letters_of_every_script_come_in() -> None:
    """What is refused steers a machine or ends a line: it is no letter, and no sign of a name."""
    assert parse({**GOOD, "person": "’é⚙𝄞"}).person == "’é⚙𝄞"


@given(st.text(min_size=1, max_size=5))
def test_a_text_has_one_spelling(text: str) -> None:
    """Whatever a sender writes, what comes in is NFC, has plain spaces, and none around it; and it comes in again as it is."""
    for form in ("NFC", "NFD"):
        sent = f"\u00a0{unicodedata.normalize(form, text)} "
        try:
            read = parse({**GOOD, "place": {"vintage": 1, "name": sent}}).place.name
        except Invalid:
            continue
        assert read == unicodedata.normalize("NFC", read) == read.strip()
        assert not any(unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp"} for character in read)
        assert "\u00a0" not in read
        assert parse({**GOOD, "place": {"vintage": 1, "name": read}}).place.name == read


def test_a_field_of_any_kind_may_be_null() -> None:
    """The envelope leaves the data to the command's own schema: an optional field sent as null must reach it."""

    class Open(Struct):
        data: dict[str, Any]

    assert schema_of(Open, VALIDATION)().load({"data": {"qpv": None}}) == {"data": {"qpv": None}}


def test_a_command_holds_no_more_of_anything_than_an_event_can() -> None:
    assert faults_of(GOOD | {"needs": ["mobilite"] * 200}) == {}
    assert faults_of(GOOD | {"needs": ["mobilite"] * 201, "minutes": 0}) == {
        "needs": ["Au plus 200 éléments."],
        "minutes": ["Entre 1 et 480."],
    }
