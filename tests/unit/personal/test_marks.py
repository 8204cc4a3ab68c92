"""Whoever declares an event says what each text in it is, and what of it is personal."""

from typing import Annotated

import pytest
from msgspec import Meta, Struct, inspect

from services.bootstrap.registry import SERVICES
from shared.trust.personal.marked_fields import PersonalField, kind_of, personal_fields, unmarked_texts
from shared.trust.personal.marks import NOTE, PERSON, Code, Personal, Sealed

EVENTS = [event for service in SERVICES.values() for event in service.events.values()]
COMMANDS = [command for service in SERVICES.values() for command in service.commands.values()]
ABOUT_NOBODY = {"TaskCompleted"}  # may be about nobody: then the key of the programme protects its note


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: str(event.__name__))
def test_every_text_of_an_event_says_what_it_holds(event: type[Struct]) -> None:
    assert [*unmarked_texts(inspect.type_info(event))] == []


@pytest.mark.parametrize("event", [event for event in EVENTS if personal_fields(event)], ids=lambda event: str(event.__name__))
def test_an_event_with_personal_fields_names_their_person_and_may_hold_them_sealed(event: type[Struct]) -> None:
    shape = inspect.type_info(event)
    assert isinstance(shape, inspect.StructType)
    by_name = {field.name: field for field in shape.fields}
    assert PERSON in by_name
    assert by_name[PERSON].required or event.__name__ in ABOUT_NOBODY
    for field in personal_fields(event):
        assert Sealed in structs_in(by_name[field.name].type), field


def structs_in(shape: inspect.Type) -> set[type]:
    match shape:
        case inspect.Metadata(type=inner):
            return structs_in(inner)
        case inspect.UnionType(types=types):
            return set().union(*map(structs_in, types))
        case inspect.StructType(cls=cls):
            return {cls}
        case _:
            return set()


def test_what_an_event_protects_its_command_protects_on_its_way() -> None:
    """By the name of the field: a command that states what an event keeps protected has the same mark."""
    protected = {field for event in EVENTS for field in personal_fields(event)}
    names = {field.name: field.kind for field in protected}
    for command in COMMANDS:
        if command.__name__ in {"ScheduleWorkshop", "ListPartner"}:  # no person
            continue
        marked = {field.name: field.kind for field in personal_fields(command)}
        for name in names.keys() & set(command.__struct_fields__):
            assert marked.get(name) == names[name], (command.__name__, name)


def test_a_mark_is_found_inside_what_may_be_left_out() -> None:
    class Given(Struct):
        person: Code
        note: Annotated[str, NOTE] | None = None
        plain: Annotated[str, Meta(max_length=3)] | None = None

    shape = inspect.type_info(Given)
    assert isinstance(shape, inspect.StructType)
    assert personal_fields(Given) == (PersonalField("note", Personal.NOTE),)
    assert [*unmarked_texts(shape)] == ["plain"]
    assert kind_of(shape.fields[0].type) is None
