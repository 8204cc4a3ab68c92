"""The French label of every code that pages show."""

from collections.abc import Iterable

from services.vocabulary import thematiques
from shared.description import ServiceDescription


def labels_of(services: Iterable[ServiceDescription]) -> dict[str, str]:
    """Code -> label, over all coded values of all services and the thematiques of data·inclusion."""
    labels = dict(thematiques.LABELS)
    for service in services:
        for codes in service.coded_values:
            labels |= {code.value: code.label for code in codes}
    return labels
