"""The door of referrals: a marshmallow schema for each command, derived from the command itself."""

from services.referrals.catalogue import DECIDERS
from shared.validation import schemas_of

SCHEMAS = schemas_of(DECIDERS)
