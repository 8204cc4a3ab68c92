"""What the schemas of commands are made of, beside marshmallow: the schema from which they are derived, its texts and its faults."""

import unicodedata
from collections.abc import Mapping
from functools import cache
from typing import Any

from marshmallow import Schema, fields

from shared.field_rules import Faults


@cache
def command_schema(unknown_field: str, object_expected: str) -> type[Schema]:
    """marshmallow's Schema, with our texts for what concerns the whole input."""

    class CommandSchema(Schema):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.error_messages |= {"unknown": unknown_field, "type": object_expected}

    return CommandSchema


class Text(fields.String):
    """A text as it is stored, however its sender spells it: NFC, with plain spaces between words and none around them."""

    def _deserialize(self, value: Any, *args: Any, **options: Any) -> Any:
        text = unicodedata.normalize("NFC", super()._deserialize(value, *args, **options))
        if text.isprintable():  # of the spaces, only the plain one is
            return text.strip(" ")
        return "".join(" " if unicodedata.category(character) == "Zs" else character for character in text).strip(" ")


def flatten(messages: Mapping[Any, Any] | list[Any], path: str = "") -> Faults:
    """Turn marshmallow's nested messages into one flat map, dotted path -> messages; `_` is the whole input."""
    if isinstance(messages, list):
        return {path or "_": [str(message) for message in messages]}
    faults: Faults = {}
    for key, inner in messages.items():
        faults |= flatten(inner, ".".join(part for part in (path, "" if key == "_schema" else str(key)) if part))
    return faults
