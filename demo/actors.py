"""Who plays in a history: towns with their coaches, neighbourhoods, prescribers and partners. Organisations are invented."""

from datetime import date
from pathlib import Path
from random import Random

import msgspec
from msgspec import Struct

import deploy
from demo.schedule import Actor

NEW_MAP = date(2024, 1, 1)  # from this day on, the neighbourhoods are those of the map of 2024

COORDINATOR: Actor = {"id": "coordination-orne", "role": "coordinator", "organisation": "etape"}
DPO: Actor = {"id": "dpo-etape", "role": "dpo", "organisation": "etape"}
PARTICIPANT: Actor = {"id": "anonymous", "role": "participant", "organisation": ""}

# The kind of a prescriber, its weight, and how it is named in a town.
PRESCRIBERS = (
    ("MISSION_LOCALE", 30, "ml-{town}"),
    ("FRANCE_TRAVAIL", 28, "france-travail-{town}"),
    ("CCAS", 14, "ccas-{town}"),
    ("ASSOCIATION", 12, "centre-social-{town}"),
    ("CAP_EMPLOI", 8, "cap-emploi-orne"),
    ("DEPARTEMENT", 5, "departement-orne"),
    ("SPIP", 3, "spip-orne"),
)
# A partner, its label, its services and what is sent to it, in the words of data·inclusion.
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


class Qpv(Struct, frozen=True):
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


class Register:
    """Who has an open journey in a town: a person is drawn, added or taken out in constant time."""

    def __init__(self) -> None:
        self.people: list[str] = []
        self.places: dict[str, int] = {}

    def add(self, person: str) -> None:
        self.places[person] = len(self.people)
        self.people.append(person)

    def remove(self, person: str) -> None:
        place, last = self.places.pop(person), self.people.pop()
        if last != person:
            self.people[place] = last
            self.places[last] = place

    def __contains__(self, person: str) -> bool:
        return person in self.places

    def drawn(self, rng: Random, number: int) -> list[str]:
        return rng.sample(self.people, min(number, len(self.people)))


class Town:
    def __init__(self, territory: Territory) -> None:
        self.id = territory.id
        self.label = territory.label
        self.qpv = territory.qpv
        self.open = Register()
        self.coaches = [coach(f"coach-{self.id}-{number}") for number in range(1, COACHES.get(self.id, 2) + 1)]
        self.prescribers = [(kind, organised("prescriber", name.format(town=self.id))) for kind, _, name in PRESCRIBERS]
        self.partners = [self.partner(*said) for said in PARTNERS]

    def partner(self, name: str, label: str, services: tuple[str, ...], thematique: str) -> Partner:
        return Partner(organised("partner", name.format(town=self.id)), label.format(label=self.label), services, thematique)

    def prescriber(self, rng: Random) -> tuple[str, Actor]:
        return rng.choices(self.prescribers, [weight for _, weight, _ in PRESCRIBERS])[0]

    def neighbourhood(self, rng: Random, day: date) -> Qpv | None:
        """One of the town's, on the map in force that day; none where that map has none."""
        here = [qpv for qpv in self.qpv if qpv.vintage == (2024 if day >= NEW_MAP else 2015)]
        return rng.choice(here) if here else None


def coach(id: str) -> Actor:
    return {"id": id, "role": "coach", "organisation": "etape"}


def organised(role: str, organisation: str) -> Actor:
    return {"id": f"agent-{organisation}", "role": role, "organisation": organisation}


def towns() -> dict[str, Town]:
    """The towns of the configuration, with nobody on the way yet."""
    programme = msgspec.json.decode((Path(deploy.__file__).parent / "territories.json").read_bytes(), type=Programme)
    return {territory.id: Town(territory) for territory in programme.territories}
