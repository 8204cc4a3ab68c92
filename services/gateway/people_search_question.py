"""What is searched for among persons."""

from typing import Annotated, Any

import msgspec
from marshmallow import ValidationError
from msgspec import Meta, Struct

from services.vocabulary.french import VALIDATION
from shared.command_schema import flatten
from shared.errors import Invalid
from shared.validation import schema_of


class Search(Struct, frozen=True):
    """First letters of names, 3 at least of one of them, in any order; or a telephone number."""

    text: Annotated[str, Meta(max_length=120)]


SEARCH_SCHEMA = schema_of(Search, VALIDATION)()


def read_search(data: dict[str, Any]) -> Search:
    try:
        return msgspec.convert(SEARCH_SCHEMA.load(data), Search)
    except ValidationError as failure:
        raise Invalid(flatten(failure.messages)) from failure
