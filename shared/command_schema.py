"""The marshmallow schema from which the schemas of commands are derived."""

from functools import cache
from typing import Any

from marshmallow import Schema


@cache
def command_schema(unknown_field: str, object_expected: str) -> type[Schema]:
    """marshmallow's Schema, with our texts for what concerns the whole input."""

    class CommandSchema(Schema):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.error_messages |= {"unknown": unknown_field, "type": object_expected}

    return CommandSchema
