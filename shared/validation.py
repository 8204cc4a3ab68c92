"""The door: untrusted data becomes a command, or every fault is said at once.

A marshmallow schema is derived from the command's own struct, so a field is declared once. Fields that the shell fills in
(FILLED_IN) are not part of the schema: whoever sends them is told that they are unknown.
"""

import re
from collections.abc import Iterable
from typing import Any

import msgspec
from marshmallow import Schema, ValidationError, fields, validate
from msgspec import inspect

from shared.errors import Invalid, flattened

FILLED_IN = frozenset({"on", "recorded_on", "by", "organisation", "territory"})

MANY = 200  # of anything, in one command
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")

FRENCH = {
    "required": "Ce champ est obligatoire.",
    "null": "Ce champ ne peut pas être vide.",
    "invalid": "Cette valeur n’a pas la forme attendue.",
    "invalid_awareness": "Une date et une heure avec leur fuseau sont attendues : 2024-03-01T10:00:00+01:00.",
    "invalid_utf8": "Ce texte n’est pas en UTF-8.",
    "invalid_uuid": "Un identifiant UUID est attendu.",
    "type": "Un objet est attendu.",
    "too_large": "Ce nombre est trop grand.",
}


class CommandSchema(Schema):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.error_messages |= {"unknown": "Ce champ n’existe pas.", "type": "Un objet est attendu."}


class CommandParser:
    """The way in for one command type."""

    def __init__(self, command: type[Any]) -> None:
        self.type = command
        self.filled_in = FILLED_IN & {field.name for field in msgspec.structs.fields(command)}
        self.schema: Schema = schema_of(command)()

    def faults(self, data: dict[str, Any]) -> dict[str, list[str]]:
        """Everything that is wrong in `data`; empty when it may come in."""
        return flattened(self.schema.validate(data))

    def command(self, data: dict[str, Any], context: dict[str, Any]) -> Any:
        """The command, complete; raises Invalid with every fault of `data`."""
        try:
            loaded = self.schema.load(data)
        except ValidationError as refusal:
            raise Invalid(flattened(refusal.messages)) from refusal
        known = {name: context[name] for name in self.filled_in}
        return msgspec.convert({**loaded, **known}, self.type)


def schema_of(struct: type[Any], without: frozenset[str] = FILLED_IN) -> type[Schema]:
    """The marshmallow schema of a struct, named after it, without the fields that are not asked."""
    shape = inspect.type_info(struct)
    assert isinstance(shape, inspect.StructType)
    made = {
        field.name: field_of(field.type, required=field.required, default=field.default)
        for field in shape.fields
        if field.name not in without
    }
    return type(struct.__name__, (CommandSchema,), made)


def field_of(shape: inspect.Type, **options: Any) -> fields.Field[Any]:
    """One field: its type, its bounds, and whether it may be left out or null."""
    extra: dict[str, Any] = {"required": options.get("required", True), "error_messages": FRENCH}
    if not extra["required"] and options.get("default") is not msgspec.NODEFAULT:
        extra["load_default"] = options.get("default")
    match shape:
        case inspect.Metadata(type=inner):
            return field_of(inner, **options)
        case inspect.UnionType(types=types):
            inner, *others = [kind for kind in types if not isinstance(kind, inspect.NoneType)]
            assert not others, "a door knows no union but an optional"
            field = field_of(inner, **options)
            field.allow_none = True
            return field
        case inspect.StrType():
            return fields.String(validate=checks_of(shape), **extra)
        case inspect.BoolType():
            return fields.Boolean(truthy={True}, falsy={False}, **extra)
        case inspect.IntType(ge=least, le=most):
            return fields.Integer(strict=True, validate=in_range(least, most), **extra)
        case inspect.FloatType(ge=least, le=most):
            return fields.Float(allow_nan=False, validate=in_range(least, most), **extra)
        case inspect.DateType():
            return fields.Date(**extra)
        case inspect.DateTimeType():
            return fields.AwareDateTime(**extra)
        case inspect.UUIDType():
            return fields.UUID(**extra)
        case inspect.LiteralType(values=values):
            return fields.Raw(validate=validate.OneOf(values, error="Une de ces valeurs est attendue : {choices}."), **extra)
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item) | inspect.FrozenSetType(item_type=item):
            few = validate.Length(max=getattr(shape, "max_length", None) or MANY, error="Au plus {max} éléments.")
            return fields.List(field_of(item), validate=few, **extra)
        case inspect.DictType(key_type=key, value_type=value):
            return fields.Dict(keys=field_of(key), values=field_of(value), **extra)
        case inspect.AnyType():
            return fields.Raw(allow_none=True, **extra)
        case inspect.StructType(cls=cls):
            return fields.Nested(schema_of(cls, frozenset()), **extra)
        case _:
            raise TypeError(f"no door for {shape}")


def checks_of(text: inspect.StrType) -> list[Any]:
    least = 1 if text.min_length is None else text.min_length
    length = validate.Length(min=least, max=text.max_length or 500, error="Entre {min} et {max} caractères.")
    form = [validate.Regexp(text.pattern, error="Cette valeur n’a pas la forme attendue.")] if text.pattern else []
    return [length, no_control_character, *form]


def no_control_character(text: str) -> None:
    """Every text of the programme is a name or a label, on one line; U+0000 is in no text that a database can keep."""
    if CONTROL.search(text):
        raise ValidationError("Aucun caractère de contrôle n’est admis : ni retour à la ligne, ni tabulation, ni U+0000.")


def in_range(least: float | None, most: float | None) -> validate.Range | None:
    return validate.Range(min=least, max=most, error="Entre {min} et {max}.") if (least, most) != (None, None) else None


def schemas_of(deciders: Iterable[Any]) -> dict[str, type[Schema]]:
    """The schema of every command that these deciders know, by command name."""
    return {command.__name__: schema_of(command) for decider in deciders for command in decider.commands}
