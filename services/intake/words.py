"""The words that the pages of this service share: what an identifier is, and what a short text is."""

from typing import Annotated

from msgspec import Meta

Id = Annotated[str, Meta(max_length=64)]
Text = Annotated[str, Meta(max_length=120)]
