"""Types of command fields that several services use."""

from typing import Annotated

from msgspec import Meta

Id = Annotated[str, Meta(max_length=64)]
"""An identifier that a caller chooses: of a person (a pseudonym), an orientation, a workshop…"""

ShortText = Annotated[str, Meta(max_length=120)]
"""A name or a label on one line."""
