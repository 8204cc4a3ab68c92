"""The actors of a history: the coordination, and each town with its coaches, neighbourhoods, prescribers and partners.

Towns and their priority neighbourhoods (QPV) are those of `deploy/territories.json`. Organisations and people are invented.
"""

from datetime import date
from pathlib import Path
from random import Random

import msgspec
from msgspec import Struct

import deploy
from demo.command_lines import Actor

QPV_2024_FROM = date(2024, 1, 1)  # the list of neighbourhoods of 2015 is in force until the day before

COORDINATOR: Actor = {"id": "coordination-orne", "role": "coordinator", "organisation": "etape"}
DPO: Actor = {"id": "dpo-etape", "role": "dpo", "organisation": "etape"}
PARTICIPANT: Actor = {"id": "anonymous", "role": "participant", "organisation": ""}

# Kind of a prescriber, weight, organisation.
PRESCRIBERS = (
    ("MISSION_LOCALE", 30, "ml-{town}"),
    ("FRANCE_TRAVAIL", 28, "france-travail-{town}"),
    ("CCAS", 14, "ccas-{town}"),
    ("ASSOCIATION", 12, "centre-social-{town}"),
    ("CAP_EMPLOI", 8, "cap-emploi-orne"),
    ("DEPARTEMENT", 5, "departement-orne"),
    ("SPIP", 3, "spip-orne"),
)
# Organisation of a partner, label, types of service, and the thematique of what is sent to it (both in the terms of data·inclusion).
PARTNERS = (
    ("ml-{town}", "Mission locale – {label}", ("accompagnement", "information"), "trouver-un-emploi--repondre-a-des-offres-demploi"),
    ("france-travail-{town}", "France Travail – {label}", ("accompagnement", "formation"), "se-former--trouver-sa-formation"),
    ("cap-emploi-orne", "Cap emploi Orne", ("accompagnement",), "trouver-un-emploi--maintien-dans-lemploi"),
    (
        "ccas-{town}",
        "CCAS – {label}",
        ("aide-financiere",),
        "difficultes-administratives-ou-juridiques--accompagnement-pour-lacces-aux-droits",
    ),
    ("centre-social-{town}", "Centre social – {label}", ("atelier", "accompagnement"), "remobilisation--lien-social"),
    ("garage-solidaire-orne", "Garage solidaire de l’Orne", ("aide-materielle",), "mobilite--acceder-a-un-vehicule"),
    ("greta-orne", "Greta de l’Orne", ("formation",), "lecture-ecriture-calcul--maitriser-le-francais"),
)
COACHES = {"alencon": 4, "flers": 3}
DEFAULT_COACHES = 2


class Qpv(Struct, frozen=True):
    """A priority neighbourhood, on the list of 2015 or of 2024."""

    vintage: int
    name: str


class Territory(Struct, frozen=True):
    id: str
    label: str
    qpv: list[Qpv]


class Programme(Struct, frozen=True):
    territories: list[Territory]


class Partner(Struct, frozen=True):
    actor: Actor
    label: str
    services: tuple[str, ...]
    thematique: str


class OpenJourneys:
    """The people who have an open journey in a town. A list with an index, so that add, remove and sample take constant time."""

    def __init__(self) -> None:
        self.people: list[str] = []
        self.index: dict[str, int] = {}

    def add(self, person: str) -> None:
        self.index[person] = len(self.people)
        self.people.append(person)

    def remove(self, person: str) -> None:
        """The last person of the list takes the position of the one removed."""
        position, last = self.index.pop(person), self.people.pop()
        if last != person:
            self.people[position] = last
            self.index[last] = position

    def __contains__(self, person: str) -> bool:
        return person in self.index

    def sample(self, rng: Random, number: int) -> list[str]:
        """At most `number` different people."""
        return rng.sample(self.people, min(number, len(self.people)))


class Town:
    """A territory, with the actors in it, and the journeys and survey tickets that are open there now.

    `moved` is shared by all towns: the town of each person who was transferred.
    """

    def __init__(self, territory: Territory, moved: dict[str, "Town"]) -> None:
        self.id = territory.id
        self.label = territory.label
        self.qpv = territory.qpv
        self.open_journeys = OpenJourneys()
        self.moved = moved
        self.unused_tickets = 0  # survey tickets that were issued here, and that no answer has redeemed
        self.coaches = [coach(f"coach-{self.id}-{number}") for number in range(1, COACHES.get(self.id, DEFAULT_COACHES) + 1)]
        self.prescribers = [(kind, agent("prescriber", name.format(town=self.id))) for kind, _, name in PRESCRIBERS]
        self.partners = [self.partner(*fields) for fields in PARTNERS]

    def partner(self, name: str, label: str, services: tuple[str, ...], thematique: str) -> Partner:
        return Partner(agent("partner", name.format(town=self.id)), label.format(label=self.label), services, thematique)

    def of(self, person: str) -> "Town":
        """Where a person who was met in this town is followed now."""
        return self.moved.get(person, self)

    def draw_prescriber(self, rng: Random) -> tuple[str, Actor]:
        """The kind of a prescriber, and the actor."""
        return rng.choices(self.prescribers, [weight for _, weight, _ in PRESCRIBERS])[0]

    def draw_neighbourhood(self, rng: Random, day: date) -> Qpv | None:
        """A neighbourhood on the list in force on `day`; None if the town has none on it."""
        in_force = [qpv for qpv in self.qpv if qpv.vintage == (2024 if day >= QPV_2024_FROM else 2015)]
        return rng.choice(in_force) if in_force else None


def coach(id: str) -> Actor:
    return {"id": id, "role": "coach", "organisation": "etape"}


def agent(role: str, organisation: str) -> Actor:
    """The actor who speaks for a prescriber or a partner."""
    return {"id": f"agent-{organisation}", "role": role, "organisation": organisation}


def load_towns() -> dict[str, Town]:
    """The towns of the configuration by id, in its order, with no journey open yet."""
    programme = msgspec.json.decode((Path(deploy.__file__).parent / "territories.json").read_bytes(), type=Programme)
    moved: dict[str, Town] = {}
    return {territory.id: Town(territory, moved) for territory in programme.territories}
