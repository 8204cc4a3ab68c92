"""The thematiques of data·inclusion, the national vocabulary of social needs and services."""

from collections.abc import Iterable

from data_inclusion.schema.v1 import Thematique

from shared.errors import Refused

LABELS: dict[str, str] = {str(thematique.value): str(thematique.label) for thematique in Thematique}


def label(thematique: str) -> str:
    """The label of a thematique; one of another edition of the vocabulary is its own label."""
    return LABELS.get(thematique, thematique)


def check_thematiques(thematiques: Iterable[str]) -> None:
    """Check that the vocabulary has these thematiques.

    Only commands are checked. An event keeps plain text, so a later edition of the vocabulary never makes the log unreadable.

    Raises:
        Refused: unknown_thematique, with those that are not in the vocabulary.
    """
    if unknown := sorted(set(thematiques) - LABELS.keys()):
        raise Refused("unknown_thematique", thematiques=", ".join(unknown))
