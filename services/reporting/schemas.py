"""The door of reporting: a marshmallow schema for each command, derived from the command itself.

What one field cannot say alone is refused by the pages.
"""

from services.reporting.catalogue import DECIDERS
from shared.validation import schemas_of

SCHEMAS = schemas_of(DECIDERS)
