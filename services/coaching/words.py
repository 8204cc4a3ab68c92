"""The words that the pages of this service share: what an identifier is, and which thematiques exist."""

from typing import Annotated

from data_inclusion.schema.v1 import Thematique
from msgspec import Meta

from shared.errors import Refused

Id = Annotated[str, Meta(min_length=1, max_length=64)]

THEMATIQUES = frozenset(str(thematique.value) for thematique in Thematique)


def known_thematique(thematique: str) -> str:
    """The same thematique, when the national vocabulary has it.

    Only commands are checked: an event keeps plain text, so a later edition of the vocabulary never makes the log unreadable.
    """
    if thematique not in THEMATIQUES:
        raise Refused("unknown_thematique", f"« {thematique} » is not a thematique of data·inclusion.")
    return thematique
