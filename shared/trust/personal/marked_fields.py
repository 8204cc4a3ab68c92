"""The marks of the fields of a type, found in its declaration (`marks`)."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec import inspect

from shared.trust.personal.marks import HOLDS, PERSONAL, Personal, Sealed


class PersonalField(NamedTuple):
    name: str
    kind: Personal


KNOWN: dict[type[Any], tuple[PersonalField, ...]] = {}  # a process has some hundred types, and asks at every event


def personal_fields(struct: type[Any]) -> tuple[PersonalField, ...]:
    """The fields of an event or of a command that hold personal data. They are at its top: nothing inside another value is marked."""
    if struct not in KNOWN:
        shape = inspect.type_info(struct)
        assert isinstance(shape, inspect.StructType)
        KNOWN[struct] = tuple(PersonalField(field.name, kind) for field in shape.fields if (kind := kind_of(field.type)))
    return KNOWN[struct]


def kind_of(shape: inspect.Type) -> Personal | None:
    """The kind of personal data that a field with this type holds."""
    match shape:
        case inspect.Metadata(type=inner, extra=extra):
            kind = (extra or {}).get(PERSONAL)
            return kind if isinstance(kind, Personal) else kind_of(inner)
        case inspect.UnionType(types=types):  # a value that may be left out
            return next(filter(None, map(kind_of, types)), None)
        case _:
            return None


def unmarked_texts(shape: inspect.Type, path: str = "") -> Iterator[str]:
    """The paths of the texts in a type that no mark stands for."""
    match shape:
        case inspect.Metadata(type=inner, extra=extra):
            if not {PERSONAL, HOLDS} & (extra or {}).keys():
                yield from unmarked_texts(inner, path)
        case inspect.StrType() | inspect.AnyType():
            yield path
        case inspect.UnionType(types=types):
            for each in types:
                yield from unmarked_texts(each, path)
        case inspect.ListType(item_type=item) | inspect.FrozenSetType(item_type=item):
            yield from unmarked_texts(item, f"{path}[]")
        case inspect.DictType(key_type=key, value_type=content):
            yield from unmarked_texts(key, f"{path}{{}}")
            yield from unmarked_texts(content, f"{path}{{}}")
        case inspect.StructType(cls=cls, fields=fields) if cls is not Sealed:
            for field in fields:
                yield from unmarked_texts(field.type, f"{path}.{field.name}" if path else field.name)
