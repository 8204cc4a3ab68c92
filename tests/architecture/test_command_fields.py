"""Every field of every command has one declared form: nothing of any length, size or script comes in, and every rule it names exists."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from services.bootstrap.registry import SERVICES, rules_of_services
from services.bootstrap.settings import TERRITORIES
from services.vocabulary.field_rules import field_rules
from services.vocabulary.programme import Programme
from shared.command_fields import filled_in_by_handler
from shared.field_rules import RULE

COMMANDS = {name: command for service in SERVICES.values() for name, command in service.commands.items()}
RULES = {**field_rules(msgspec.json.decode(TERRITORIES.read_bytes(), type=Programme)), **rules_of_services()}
EVERY_COMMAND = pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)


def fields(command: type[Any]) -> Iterator[tuple[str, inspect.Type]]:
    """The fields that a sender fills in."""
    shape = inspect.type_info(command)
    assert isinstance(shape, inspect.StructType)
    filled_in = filled_in_by_handler(command)
    yield from ((field.name, field.type) for field in shape.fields if field.name not in filled_in)


def rules_named(shape: inspect.Type) -> Iterator[str]:
    """The names of all rules in a type."""
    match shape:
        case inspect.Metadata(type=inner, extra=extra):
            if rule := (extra or {}).get(RULE):
                yield rule
            yield from rules_named(inner)
        case inspect.UnionType(types=types):
            for kind in types:
                yield from rules_named(kind)
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item) | inspect.FrozenSetType(item_type=item):
            yield from rules_named(item)
        case inspect.DictType(key_type=key, value_type=content):
            yield from (*rules_named(key), *rules_named(content))
        case inspect.StructType(fields=fields):
            for field in fields:
                yield from rules_named(field.type)


def unbounded(shape: inspect.Type, path: str, *, ruled: bool = False) -> Iterator[str]:
    """The parts of a type whose values have no bounds or no form."""
    match shape:
        case inspect.Metadata(type=inner, extra=extra):
            yield from unbounded(inner, path, ruled=ruled or RULE in (extra or {}))
        case inspect.UnionType(types=types):
            for kind in types:
                yield from unbounded(kind, path)
        case inspect.ListType(item_type=item) | inspect.FrozenSetType(item_type=item):
            yield from unbounded(item, f"{path}[]")
        case inspect.DictType(key_type=key, value_type=value):
            yield from (*unbounded(key, f"{path}.key"), *unbounded(value, f"{path}.value"))
        case inspect.StructType(fields=inner_fields):
            for field in inner_fields:
                yield from unbounded(field.type, f"{path}.{field.name}")
        case inspect.StrType(max_length=most, pattern=pattern):
            if (most is None or most > 500) and not (pattern and set("*+").isdisjoint(pattern)):
                yield f"{path}: a text of any length"
            if pattern and ("\\d" in pattern or "\\w" in pattern):
                yield f"{path}: digits or letters of every script"
        case inspect.IntType(ge=least, le=most) | inspect.FloatType(ge=least, le=most):
            if least is None or most is None:
                yield f"{path}: a number of any size"
        case inspect.DateType() if not ruled:
            yield f"{path}: any day"
        case inspect.DateTimeType() | inspect.AnyType() | inspect.RawType():
            yield f"{path}: anything"


@EVERY_COMMAND
def test_every_field_has_a_form(command: type[Any]) -> None:
    assert [fault for name, shape in fields(command) for fault in unbounded(shape, name)] == []


@EVERY_COMMAND
def test_every_rule_that_a_field_names_exists(command: type[Any]) -> None:
    named = {rule for _, shape in fields(command) for rule in rules_named(shape)}
    assert named <= RULES.keys()


def test_every_rule_is_named_by_some_field() -> None:
    assert {rule for command in COMMANDS.values() for _, shape in fields(command) for rule in rules_named(shape)} == RULES.keys()


@EVERY_COMMAND
def test_a_field_that_names_a_person_or_a_thing_is_an_identifier(command: type[Any]) -> None:
    """One alphabet for every key that a sender chooses: otherwise two spellings are two persons."""
    names = {"person", "kept", "merged", "orientation", "workshop", "serial", "referral", "partner", "outcome", "referent", "consent"}
    for name, shape in fields(command):
        if name in names:
            kinds = shape.types if isinstance(shape, inspect.UnionType) else (shape,)
            (text,) = (
                kind.type if isinstance(kind, inspect.Metadata) else kind for kind in kinds if not isinstance(kind, inspect.NoneType)
            )
            if isinstance(text, inspect.EnumType | inspect.BoolType):
                continue  # another meaning of the word: an outcome of a contact attempt, a consent that is given
            assert isinstance(text, inspect.StrType)
            assert text.pattern == "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", name
