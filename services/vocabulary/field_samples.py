"""One right value, or a few, for each field that names a rule of the programme: what `shared.command_trials` tries."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from services.vocabulary.field_rules import SERVICE_TYPES
from services.vocabulary.programme import Programme
from services.vocabulary.thematiques import LABELS


def field_samples(programme: Programme) -> Mapping[str, Sequence[Any]]:
    territories = [territory.id for territory in programme.territories]
    return {
        "territory": territories,
        "territory_or_all": territories,
        "thematique": sorted(LABELS)[:1],
        "service_type": sorted(SERVICE_TYPES)[:1],
        "birth_year": [programme.since.year - 20],
        "birth_date": [date(programme.since.year - 20, 1, 1)],
    }
