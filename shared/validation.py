"""Validation: untrusted data becomes a command, or every fault is listed at once.

A marshmallow schema is derived from the command's own struct, so a field is declared once: its type, its bounds, whether it may be left
out. Fields that the command handler fills in (`shared.command_fields`) are not part of the schema. A field may also name a rule, which
depends on more than the value: on the day of the fact, or on reference data (`shared.field_rules`). Texts of faults are the caller's: the
kernel has no language.

What the schema would leave as it is needs no schema: most commands are read in one pass (`shared.plain_values`).

One spelling for one thing: a text is stored in Unicode's form NFC, with plain spaces and none around it, and no character of it is
invisible. A value that has a pattern (an identifier, a code) is compared with it as it was sent, and never altered.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

import msgspec
from marshmallow import Schema, ValidationError, fields, validate
from msgspec import Struct, inspect

from shared.coded_value import CodedValue
from shared.command_fields import FilledIn, filled_in_by_handler
from shared.command_schema import Text, command_schema, flatten
from shared.errors import Invalid
from shared.field_rules import VOCABULARY, Faults, FieldCheck, names_rule, ruled_values
from shared.plain_values import plain_type

MAX_TEXT_LENGTH = 500  # characters of a text whose field names no limit
MAX_ELEMENTS = 200  # of a list in one command
MAX_DEPTH = 32  # of lists and objects in each other: what is passed on must not exhaust the stack of who reads it next
INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})  # Unicode categories: control, format, surrogate, unassigned, line ends


class ValidationTexts(Struct, frozen=True, kw_only=True):
    """What is written under a field that is wrong. `{min}`, `{max}` and `{choices}` are filled in."""

    required: str
    null: str
    unknown_field: str
    object_expected: str
    malformed: str
    integer_expected: str
    number_expected: str
    day_expected: str
    text_expected: str
    truth_expected: str
    list_expected: str
    moment_expected: str
    not_utf8: str
    uuid_expected: str
    number_too_large: str
    one_of: str
    length: str
    too_many_elements: str
    range: str
    invisible_character: str
    in_the_future: str
    not_json: str
    unknown_territory: str
    patterns: Mapping[str, str] = {}
    """What is expected of a text with a pattern, by pattern."""


class NotJson(ValueError):
    """A text that is no JSON, nests deeper than anything that is asked for, or names a member of an object twice."""


def read_json(text: str | bytes) -> Any:
    """What an untrusted text of JSON holds.

    Raises:
        NotJson: with what is wrong.
    """
    try:
        value = msgspec.json.decode(text)
        again = msgspec.json.encode(value)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as fault:
        raise NotJson(str(fault)) from fault
    raw = text.encode() if isinstance(text, str) else text
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH and deeper_than(MAX_DEPTH, value):
        raise NotJson(f"nested deeper than {MAX_DEPTH}")
    if raw.count(b":") != again.count(b":") or b"\\u003" in raw:  # fewer members were kept, or colons were escaped
        json.loads(raw, object_pairs_hook=members)
    return value


def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The members of an object; of one that is named twice, readers would take different ones."""
    if len(found := dict(pairs)) < len(pairs):
        raise NotJson("an object names a member twice")
    return found


def deeper_than(most: int, value: Any) -> bool:
    """Whether lists and objects are in each other more than `most` times."""
    level = [value]
    for _ in range(most):
        containers = [each for each in level if isinstance(each, list | dict)]
        level = [inner for each in containers for inner in (each.values() if isinstance(each, dict) else each)]
    return any(isinstance(each, list | dict) for each in level)


class CommandParser:
    """Validates the data of one type of command and builds the command from it."""

    def __init__(self, command: type[Any], texts: ValidationTexts) -> None:
        self.type = command
        self.shape = inspect.type_info(command)
        self.filled_in = filled_in_by_handler(command)
        self.schema: Schema = schema_of(command, texts)()
        self.plain_type = plain_type(command, self.filled_in, MAX_TEXT_LENGTH, MAX_ELEMENTS)
        assert isinstance(self.shape, inspect.StructType)
        self.ruled = [(field.name, field.type) for field in self.shape.fields if names_rule(field.type)]

    def validate(self, data: Any, check: FieldCheck | None = None) -> dict[str, Any]:
        """The values of the fields, converted to their types. `check` applies the rules that fields name; without it, none is applied.

        Raises:
            Invalid: with every fault of `data`.
        """
        faults: Faults = {}
        values: Any = plain_values(data, self.plain_type)
        if values is None:
            try:
                values = self.schema.load(data)
            except ValidationError as failure:
                faults, values = flatten(failure.messages), failure.valid_data
        if check is not None and isinstance(values, dict):
            faults |= self.broken_rules(values, check, faults)
        if faults:
            raise Invalid(faults)
        return dict(values)

    def broken_rules(self, values: Mapping[str, Any], check: FieldCheck, known: Faults) -> Faults:
        """The faults that rules find in values which have none yet."""
        faults: Faults = {}
        ruled = (found for name, shape in self.ruled for found in ruled_values(shape, values.get(name), name))
        for rule, value, path in ruled:
            if not any(fault == path or fault.startswith(f"{path}.") for fault in known):
                for inside, text in check(rule, value):
                    faults.setdefault(".".join(part for part in (path, inside) if part), []).append(text)
        return faults

    def build(self, values: Mapping[str, Any], filled_in: Mapping[FilledIn, Any]) -> Any:
        """The command, from validated values and from what the handler fills in."""
        return msgspec.convert(
            {**values, **{name: filled_in[what] for name, what in self.filled_in.items() if what in filled_in}}, self.type
        )


def plain_values(data: Any, plain: type[Any] | None) -> Any:
    """The values in data that are plain (`shared.plain_values`), else None."""
    try:
        return plain and msgspec.to_builtins(msgspec.convert(data, plain), builtin_types=(date, UUID))
    except msgspec.ValidationError:
        return None


def schema_of(struct: type[Any], texts: ValidationTexts) -> type[Schema]:
    """The marshmallow schema of a struct, named after it, without the fields that the handler fills in."""
    return SchemaBuilder(texts).schema(struct)


class SchemaBuilder:
    def __init__(self, texts: ValidationTexts) -> None:
        self.texts = texts
        self.messages = {
            "required": texts.required,
            "null": texts.null,
            "invalid": texts.malformed,
            "invalid_awareness": texts.moment_expected,
            "invalid_utf8": texts.not_utf8,
            "invalid_uuid": texts.uuid_expected,
            "type": texts.object_expected,
            "too_large": texts.number_too_large,
        }

    def schema(self, struct: type[Any]) -> type[Schema]:
        shape = inspect.type_info(struct)
        assert isinstance(shape, inspect.StructType)
        filled_in = filled_in_by_handler(struct)
        declared = {
            field.name: self.field(field.type, required=field.required, default=field.default)
            for field in shape.fields
            if field.name not in filled_in
        }
        return type(struct.__name__, (command_schema(self.texts.unknown_field, self.texts.object_expected),), declared)

    def field(self, shape: inspect.Type, **options: Any) -> fields.Field[Any]:
        """One field: its type, its bounds, and whether it may be left out or null."""
        messages = self.messages | {"invalid": self.expected(shape)}
        extra: dict[str, Any] = {"required": options.get("required", True), "error_messages": messages}
        if not extra["required"] and options.get("default") is not msgspec.NODEFAULT:
            extra["load_default"] = options.get("default")
        match shape:
            case inspect.Metadata(type=inner, extra_json_schema=described):
                field = self.field(inner, **options)
                field.metadata = {**field.metadata, **(described or {})}
                return field
            case inspect.UnionType(types=types):
                inner, *others = [kind for kind in types if not isinstance(kind, inspect.NoneType)]
                assert not others, "a command has no union but an optional field"
                field = self.field(inner, **options)
                field.allow_none = True
                return field
            case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item) | inspect.FrozenSetType(item_type=item):
                most = validate.Length(max=getattr(shape, "max_length", None) or MAX_ELEMENTS, error=self.texts.too_many_elements)
                least = validate.Length(min=getattr(shape, "min_length", None) or 0, error=self.texts.required)
                return fields.List(self.field(item), validate=[least, most], **extra)
            case inspect.DictType(key_type=key, value_type=value):
                return fields.Dict(keys=self.field(key), values=self.field(value), **extra)
            case inspect.StructType(cls=cls):
                return fields.Nested(self.schema(cls), **extra)
            case _:
                return self.scalar(shape, extra)

    def expected(self, shape: inspect.Type) -> str:
        """What is said under a value of another type."""
        match shape:
            case inspect.IntType():
                return self.texts.integer_expected
            case inspect.FloatType():
                return self.texts.number_expected
            case inspect.DateType():
                return self.texts.day_expected
            case inspect.StrType():
                return self.texts.text_expected
            case inspect.BoolType():
                return self.texts.truth_expected
            case inspect.ListType() | inspect.VarTupleType() | inspect.FrozenSetType():
                return self.texts.list_expected
            case inspect.DictType() | inspect.StructType():
                return self.texts.object_expected
            case inspect.DateTimeType():
                return self.texts.moment_expected
            case _:
                return self.texts.malformed

    def scalar(self, shape: inspect.Type, extra: dict[str, Any]) -> fields.Field[Any]:
        match shape:
            case inspect.StrType(pattern=None):
                return Text(validate=[self.length(shape), self.refuse_invisible_characters], **extra)
            case inspect.StrType(pattern=str(pattern)):
                return fields.String(validate=[self.length(shape), self.matching(pattern)], metadata={"pattern": pattern}, **extra)
            case inspect.BoolType():
                return fields.Boolean(truthy={True}, falsy={False}, **extra)
            case inspect.IntType(ge=least, le=most):
                return fields.Integer(strict=True, validate=self.in_range(least, most), **extra)
            case inspect.FloatType(ge=least, le=most):
                return fields.Float(allow_nan=False, validate=self.in_range(least, most), **extra)
            case inspect.DateType():
                return fields.Date(**extra)
            case inspect.DateTimeType():
                return fields.AwareDateTime(**extra)
            case inspect.UUIDType():
                return fields.UUID(**extra)
            case inspect.LiteralType(values=values):
                return fields.Raw(validate=validate.OneOf(values, [str(each) for each in values], error=self.texts.one_of), **extra)
            case inspect.EnumType(cls=codes):
                assert issubclass(codes, CodedValue)
                choices, labels = [code.value for code in codes], [f"{code.label} ({code.value})" for code in codes]
                one_of = validate.OneOf(choices, labels, error=self.texts.one_of)
                return fields.Raw(validate=one_of, metadata={VOCABULARY: codes.__name__}, **extra)
            case inspect.AnyType():
                return fields.Raw(allow_none=True, **extra)
            case _:
                raise TypeError(f"no schema for {shape}")

    def length(self, text: inspect.StrType) -> validate.Length:
        least = 1 if text.min_length is None else text.min_length
        return validate.Length(min=least, max=text.max_length or MAX_TEXT_LENGTH, error=self.texts.length)

    def matching(self, pattern: str) -> Callable[[str], None]:
        """The whole value has this form; `[0-9]` and not `\\d`, which has the digits of every script."""
        whole = re.compile(pattern, re.ASCII)

        def check(value: str) -> None:
            if not whole.fullmatch(value):
                raise ValidationError(self.texts.patterns.get(pattern, self.texts.malformed))

        return check

    def refuse_invisible_characters(self, text: str) -> None:
        """Every text of a command is a name or a label on one line; no database can keep U+0000 in a text."""
        if not text.isprintable() and any(unicodedata.category(character) in INVISIBLE for character in text):
            raise ValidationError(self.texts.invisible_character)

    def in_range(self, least: float | None, most: float | None) -> validate.Range | None:
        return validate.Range(min=least, max=most, error=self.texts.range) if (least, most) != (None, None) else None
