"""Rules that a field of a command names: they depend on more than its value.

    ExitDay = Annotated[date, Meta(extra={RULE: "past_day"})]

A type says only the name of its rule. What the rule is, and its French texts, come from the composition root as `Rules`: a rule knows the
programme's reference data, and is given the circumstances of the fact. So a field is declared once, and checked in the same way whether
it comes over HTTP, from a form, from a file or from a policy.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from msgspec import Struct, inspect

RULE = "rule"
VOCABULARY = "x-vocabulary"  # of a field in a published schema: which list of codes it takes

Faults = dict[str, list[str]]
"""Dotted path of a field (`_` for the whole input) -> what is wrong there."""

FieldFault = tuple[str, str]
"""Where in the value, as a dotted path ("" for the value itself), and what is wrong."""


class Circumstances(Struct, frozen=True):
    """When and where the fact happened that a command tells. Days are those of the programme's time zone."""

    fact_date: date
    recording_date: date
    territory: str


Rule = Callable[[Any, Circumstances], Iterable[FieldFault]]
FactRule = Callable[[Circumstances], Iterable[str]]
Rules = Mapping[str, Rule]
FieldCheck = Callable[[str, Any], Iterable[FieldFault]]
"""The rules under given circumstances: the name of a rule and a value -> the faults."""


def names_rule(shape: inspect.Type) -> bool:
    """Whether the type of a field names a rule, at any depth."""
    match shape:
        case inspect.Metadata(type=inner, extra=extra):
            return bool((extra or {}).get(RULE)) or names_rule(inner)
        case inspect.UnionType(types=types):
            return any(map(names_rule, types))
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item) | inspect.FrozenSetType(item_type=item):
            return names_rule(item)
        case inspect.DictType(key_type=key, value_type=content):
            return names_rule(key) or names_rule(content)
        case inspect.StructType(fields=fields):
            return any(names_rule(field.type) for field in fields)
        case _:
            return False


def ruled_values(shape: inspect.Type, value: Any, path: str = "") -> Iterator[tuple[str, Any, str]]:
    """Every value in `value` whose type names a rule, at any depth: the rule, the value, its dotted path."""
    if value is None:
        return
    match shape:
        case inspect.Metadata(type=inner, extra=extra):
            if rule := (extra or {}).get(RULE):
                yield rule, value, path
            yield from ruled_values(inner, value, path)
        case inspect.UnionType(types=types):
            for kind in types:
                yield from ruled_values(kind, value, path)
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item) | inspect.FrozenSetType(item_type=item):
            for number, each in enumerate(value):
                yield from ruled_values(item, each, join(path, number))
        case inspect.DictType(key_type=key, value_type=content):
            for name, each in value.items():
                yield from ruled_values(key, name, join(path, name))
                yield from ruled_values(content, each, join(path, name))
        case inspect.StructType(fields=fields):
            for field in fields:
                yield from ruled_values(field.type, value.get(field.name), join(path, field.name))


def join(path: str, part: object) -> str:
    return f"{path}.{part}" if path else str(part)
