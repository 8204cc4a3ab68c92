"""The door of reporting: one marshmallow schema for each command, made from the command itself."""

from marshmallow import Schema

from services.reporting.catalogue import DECIDERS
from shared.door import schema_of

SCHEMAS: dict[str, type[Schema]] = {command.__name__: schema_of(command) for decider in DECIDERS for command in decider.commands}
