"""What a person's way will be, before it is told."""

from collections.abc import Mapping
from datetime import date
from random import Random
from typing import Literal, TypeVar
from uuid import UUID

from msgspec import Struct

from demo.schedule import after

Class = Literal["POSITIVE", "DYNAMIC", "OTHER", "OPEN"]
Orientation = Literal["none", "accepted", "declined"]
Ending = Literal["REORIENTE", "REFUS", "PERDU_DE_VUE", "NON_ELIGIBLE", "DEMENAGEMENT", "WITHDRAWN", "PENDING"]

# Outcomes of each class in the first version of the definitions, with their weights. Businesses are planned one by one.
QUALITIES: dict[Class, dict[str, int]] = {
    "POSITIVE": {"CDI": 14, "CDD_LONG": 11, "INTERIM_LONG": 3, "ALTERNANCE": 5, "TITULARISATION": 1, "FORMATION_QUALIFIANTE": 12},
    "DYNAMIC": {
        "CDD_COURT": 14,
        "INTERIM_COURT": 8,
        "CONTRAT_AIDE": 6,
        "SIAE": 10,
        "FORMATION_PRE_QUALIFIANTE": 9,
        "SCOLARITE": 2,
        "SERVICE_CIVIQUE": 3,
        "DISPOSITIF_INTENSIF": 4,
    },
}
REASONS = {"ABANDON": 34, "PERDU_DE_VUE": 32, "SANS_SOLUTION": 22, "DEMANDE": 12}
ENDINGS: dict[Ending, int] = {"REFUS": 30, "PERDU_DE_VUE": 26, "NON_ELIGIBLE": 14, "DEMENAGEMENT": 6, "WITHDRAWN": 10, "PENDING": 14}

T = TypeVar("T", bound=str)
SHORTEST, LONGEST = 120, 425  # days of a journey: 4 to 14 months


class Correction(Struct, frozen=True, kw_only=True):
    """What was learnt after the exit: another outcome, on a day of the journey, and another day of exit."""

    on: date
    found_on: date
    exit_on: date
    quality: str


class Leg(Struct, frozen=True, kw_only=True):
    """One journey. Without `exit_on` it is open at the end of the history."""

    opened_on: date
    exit_on: date | None = None
    reason: str = "OUTCOME"
    qualities: tuple[str, ...] = ()
    known_on: date | None = None
    moved_on: date | None = None
    moved_to: str | None = None
    correction: Correction | None = None
    neutralised_on: date | None = None
    renewed_on: date | None = None


class Coached(Struct, frozen=True):
    legs: tuple[Leg, ...]


class Redirected(Struct, frozen=True):
    sent_on: date


class Left(Struct, frozen=True):
    ending: Ending


class Plan(Struct, frozen=True, kw_only=True):
    """`first_on` is the day of the orientation, or else of the meeting."""

    person: UUID
    town: str
    first_on: date
    met_on: date
    orientation: Orientation
    sequel: Coached | Redirected | Left
    erased_on: date | None = None
    qpv: tuple[int, str] | None = None


def coached(rng: Random, person: UUID, town: str, first_on: date, class_: Class, exit_by: date) -> Plan:
    """Somebody who commits to a journey that is over by `exit_by`, unless its class is OPEN."""
    oriented = rng.random() < 0.5
    met_on = after(rng, first_on, 1, 9) if oriented else first_on
    opened_on = after(rng, met_on, 2, 16)
    leg = Leg(opened_on=opened_on) if class_ == "OPEN" else ended(rng, opened_on, class_, exit_by)
    orientation: Orientation = "accepted" if oriented else "none"
    return Plan(person=person, town=town, first_on=first_on, met_on=met_on, orientation=orientation, sequel=Coached((leg,)))


def ended(rng: Random, opened_on: date, class_: Class, exit_by: date) -> Leg:
    most = max(SHORTEST, min(LONGEST, (exit_by - opened_on).days - 2))
    exit_on = after(rng, opened_on, SHORTEST, most)
    if class_ == "OTHER":
        return Leg(opened_on=opened_on, exit_on=exit_on, reason=weighed(rng, REASONS))
    best = weighed(rng, QUALITIES[class_])
    steps = (weighed(rng, QUALITIES["DYNAMIC"]),) if rng.random() < 0.25 else ()
    return Leg(opened_on=opened_on, exit_on=exit_on, qualities=(*steps, best))


def redirected(rng: Random, person: UUID, town: str, first_on: date) -> Plan:
    orientation, met_on = declined(rng, first_on)
    return Plan(
        person=person,
        town=town,
        first_on=first_on,
        met_on=met_on,
        orientation=orientation,
        sequel=Redirected(after(rng, met_on, 1, 14)),
    )


def left(rng: Random, person: UUID, town: str, first_on: date) -> Plan:
    orientation, met_on = declined(rng, first_on)
    return Plan(person=person, town=town, first_on=first_on, met_on=met_on, orientation=orientation, sequel=Left(weighed(rng, ENDINGS)))


def declined(rng: Random, first_on: date) -> tuple[Orientation, date]:
    """Some of those who are not coached were sent by a prescriber: their orientation is declined after the meeting."""
    return ("declined", after(rng, first_on, 1, 9)) if rng.random() < 0.12 else ("none", first_on)


def weighed(rng: Random, weights: Mapping[T, int]) -> T:
    return rng.choices(list(weights), list(weights.values()))[0]
