"""What a programme decides before it meets anybody. The same commands in every history: loaded twice, they are recorded once."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from random import Random

import msgspec

import deploy
from demo.actors import COORDINATOR, Town
from demo.schedule import Office, Said, Source, identifier

DEFINITIONS = Path(deploy.__file__).parent / "definitions" / "v1.json"
TARGET = 25  # per cent of the people coached, for the whole programme
TARGETED = ("positive_rate", "positive_target")  # the rate, and its gap to the target


def opening(rng: Random, towns: dict[str, Town], first: date) -> list[Source]:
    return [(first, decided(Office(rng, identifier("programme"), "all"), first)), *(listed(rng, town, first) for town in towns.values())]


def decided(chain: Office, first: date) -> Iterator[Said]:
    yield chain.say("PublishDefinitions", first, COORDINATOR, **msgspec.json.decode(DEFINITIONS.read_bytes()))
    quarter = f"{first.year}-Q{(first.month + 2) // 3}"
    for indicator in TARGETED:
        yield chain.say("SetTarget", first, COORDINATOR, indicator=indicator, value=TARGET, from_quarter=quarter)


def listed(rng: Random, town: Town, first: date) -> Source:
    """The partners of a town, listed in it."""
    chain = Office(rng, identifier("partners", town.id), town.id, minute=30)

    def told() -> Iterator[Said]:
        for partner in town.partners:
            data = {"partner": partner.actor["organisation"], "label": partner.label, "services": list(partner.services)}
            yield chain.say("ListPartner", first, COORDINATOR, **data)

    return first, told()
