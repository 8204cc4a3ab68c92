"""Plain values: what a sender wrote that validation would keep exactly as it is, known in one pass over it.

From the struct of a command another one is derived, whose fields take only such values: a text without a space at its ends or a character
with a second spelling, a day as ISO 8601 writes it, a code of its list. msgspec compares the data with it. What it takes, the schema
(`shared.validation`) would take with the same values; what it does not take goes through the schema, which alone says what is wrong.
"""

from collections.abc import Collection
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType, inspect

VISIBLE = "!-~À-ÖØ-öø-ɏ’"  # letters of ASCII and Latin in their only spelling: none is invisible, or is composed to another one
PLAIN_TEXT = rf"\A(?:[{VISIBLE}](?:[ {VISIBLE}]*[{VISIBLE}])?)?\Z"


class NotPlain(Exception):
    """A type whose values are always read by the schema."""


def plain_type(struct: type[Any], left_out: Collection[str], text_length: int, elements: int) -> type[Any] | None:
    """The struct of plain values; None if some field has a type whose values are never plain.

    `left_out` are the fields that no sender gives; `text_length` and `elements` bound the texts and lists that name no limit.
    """
    try:
        return PlainTypes(text_length, elements).struct(struct, left_out)
    except NotPlain:
        return None


class PlainTypes:
    def __init__(self, text_length: int, elements: int) -> None:
        self.text_length = text_length
        self.elements = elements

    def struct(self, struct: type[Any], left_out: Collection[str]) -> type[Struct]:
        shape = inspect.type_info(struct)
        assert isinstance(shape, inspect.StructType)
        fields = [self.field(field) for field in shape.fields if field.name not in left_out]
        return msgspec.defstruct(struct.__name__, fields, kw_only=True, forbid_unknown_fields=True)

    def field(self, field: inspect.Field) -> Any:
        plain = self.type(field.type)
        if field.required:
            return field.name, plain
        if field.default is msgspec.NODEFAULT:  # left out, it is left out of the values
            return field.name, plain | UnsetType, UNSET
        return field.name, plain, field.default

    def type(self, shape: inspect.Type) -> Any:
        match shape:
            case inspect.Metadata(type=inner):
                return self.type(inner)
            case inspect.UnionType(types=types):
                (inner,) = [kind for kind in types if not isinstance(kind, inspect.NoneType)]
                return self.type(inner) | None
            case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item) | inspect.FrozenSetType(item_type=item):
                least, most = getattr(shape, "min_length", None) or 0, getattr(shape, "max_length", None) or self.elements
                return Annotated[list[self.type(item)], Meta(min_length=least, max_length=most)]  # type: ignore[misc]
            case inspect.DictType(key_type=key, value_type=value):
                return dict[self.type(key), self.type(value)]  # type: ignore[misc]
            case inspect.StructType(cls=cls):
                return self.struct(cls, ())
            case _:
                return self.scalar(shape)

    def scalar(self, shape: inspect.Type) -> Any:
        match shape:
            case inspect.StrType(pattern=pattern):
                least = 1 if shape.min_length is None else shape.min_length
                whole = PLAIN_TEXT if pattern is None else rf"\A(?a:{pattern})\Z"
                return Annotated[str, Meta(pattern=whole, min_length=least, max_length=shape.max_length or self.text_length)]
            case inspect.BoolType():
                return bool
            case inspect.IntType(ge=least, le=most):
                return Annotated[int, Meta(ge=least, le=most)]
            case inspect.DateType():
                return date
            case inspect.UUIDType():
                return UUID
            case inspect.LiteralType(values=values):
                return Literal[tuple(values)]
            case inspect.EnumType(cls=codes):
                return Literal[tuple(str(code.value) for code in codes)]
            case inspect.AnyType():
                return Any
            case _:  # a number with a fraction or a moment: they have many spellings
                raise NotPlain
