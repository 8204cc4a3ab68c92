"""The thematiques of data·inclusion, the national vocabulary of social needs and services."""

from data_inclusion.schema.v1 import Thematique

LABELS: dict[str, str] = {str(thematique.value): str(thematique.label) for thematique in Thematique}


def label(thematique: str) -> str:
    """The label of a thematique; one of another edition of the vocabulary is its own label."""
    return LABELS.get(thematique, thematique)
