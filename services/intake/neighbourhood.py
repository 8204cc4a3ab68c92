"""A priority neighbourhood (QPV), as a coach names it and as an event keeps it."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from services.vocabulary.fields import QPV_CODE_PATTERN, ShortText
from shared.trust.personal.marks import Code


class Qpv(Struct, frozen=True):
    """A priority neighbourhood, in the list of 2015 or of 2024. Its code may be missing, and two towns may share its name."""

    vintage: Literal[2015, 2024]
    name: Code
    code: Code | None = None


class QpvGiven(Struct, frozen=True):
    """A neighbourhood as a coach names it: it must be one of the territory, in that list."""

    vintage: Literal[2015, 2024]
    name: ShortText
    code: Annotated[str, Meta(pattern=QPV_CODE_PATTERN, max_length=8)] | None = None
