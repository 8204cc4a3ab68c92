"""The door of the coaching service: one marshmallow schema per command, derived from the command itself.

What one field cannot say alone (the months of a fixed-term contract, the outcomes of an exit) is refused by the pages.
"""

from collections.abc import Mapping

from marshmallow import Schema

from services.coaching.catalogue import DECIDERS
from shared.door import schema_of

SCHEMAS: Mapping[str, type[Schema]] = {command.__name__: schema_of(command) for decider in DECIDERS for command in decider.commands}
