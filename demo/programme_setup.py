"""What a programme decides before it meets people: the definitions, the targets, the partners of each town.

These commands have the same ids in every history, so a second history loaded into the same log records them once.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from random import Random

import msgspec

import deploy
from demo.actors import COORDINATOR, Town
from demo.command_lines import ProgrammeDecisions, TimedLine, stable_id
from demo.schedule import Source

DEFINITIONS_FILE = Path(deploy.__file__).parent / "definitions" / "v1.json"
POSITIVE_TARGET_PERCENT = 25  # of the people coached, for the whole programme: the study's target


def setup_sources(rng: Random, towns: dict[str, Town], first: date) -> list[Source]:
    """The decisions of the programme on the `first` day."""
    decisions = ProgrammeDecisions(rng, stable_id("programme"), "all")
    return [Source(first, definitions_and_targets(decisions, first)), *(partner_listing(rng, town, first) for town in towns.values())]


def definitions_and_targets(decisions: ProgrammeDecisions, first: date) -> Iterator[TimedLine]:
    yield decisions.emit("PublishDefinitions", first, COORDINATOR, **msgspec.json.decode(DEFINITIONS_FILE.read_bytes()))
    quarter = f"{first.year}-Q{(first.month + 2) // 3}"
    target = {"indicator": "positive_rate", "value": POSITIVE_TARGET_PERCENT, "from_quarter": quarter}
    yield decisions.emit("SetTarget", first, COORDINATOR, **target)


def partner_listing(rng: Random, town: Town, first: date) -> Source:
    """The partners of a town, listed half an hour after the definitions."""
    decisions = ProgrammeDecisions(rng, stable_id("partners", town.id), town.id, minute=30)

    def lines() -> Iterator[TimedLine]:
        for partner in town.partners:
            data = {"partner": partner.actor["organisation"], "label": partner.label, "services": list(partner.services)}
            yield decisions.emit("ListPartner", first, COORDINATOR, **data)

    return Source(first, lines())
