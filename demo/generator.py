"""A plausible history of any size, told day by day."""

from collections.abc import Iterator
from datetime import date, timedelta
from heapq import merge
from itertools import chain
from random import Random
from uuid import UUID

from demo import plans, workshops_and_loans
from demo.actors import Town, towns
from demo.lives import life
from demo.plans import Class, Plan
from demo.programme_setup import opening
from demo.schedule import Line, Source, identifier, interleave
from demo.season import Season

SHARES = {"coached": 485, "redirected": 420, "left": 95}
CLASSES: dict[Class, int] = {"POSITIVE": 27, "DYNAMIC": 32, "OTHER": 27, "OPEN": 14}
TOWNS = (130, 95, 70, 45)
DISTRICT = 90  # people for whom a town has one series of workshops
BORROWERS = 30  # people for whom a town has one laptop


def generate(persons: int, seed: int, start: date, end: date) -> Iterator[Line]:
    """Commands of `persons` people met between two days, up to `end`, in the order of recording. The same seed, the same lines."""
    root = identifier("history", seed, persons, start, end)
    rng = Random(seed)  # noqa: S311 - an invented history must be the same each time; nothing is protected by it
    cast = towns()
    met = lives(rng, cast, persons, root, start, end)
    heard = answers(rng, cast, persons, root, start, end)
    sources = merge(met, heard, key=lambda source: source[0])
    begun = [*opening(rng, cast, start), *shared(rng, cast, persons, root, start, end)]
    return interleave(chain(begun, sources), end)


def lives(rng: Random, cast: dict[str, Town], persons: int, root: UUID, start: date, end: date) -> Iterator[Source]:
    number = 0
    for day, met in Season(start, end).spread(persons):
        for _ in range(met):
            number += 1
            yield life(rng, cast, drawn(rng, cast, root, number, day, end), end)


def drawn(rng: Random, cast: dict[str, Town], root: UUID, number: int, day: date, end: date) -> Plan:
    person, town = identifier(root, "person", number), rng.choices(list(cast), weights(cast))[0]
    match plans.weighed(rng, SHARES):
        case "coached":
            return plans.coached(rng, person, town, day, plans.weighed(rng, CLASSES), end + timedelta(days=plans.LONGEST))
        case "redirected":
            return plans.redirected(rng, person, town, day)
        case _:
            return plans.left(rng, person, town, day)


def weights(cast: dict[str, Town]) -> list[int]:
    """How many people each town meets; a town that the study did not have weighs as much as its smallest."""
    return [*TOWNS, *[TOWNS[-1]] * len(cast)][: len(cast)]


def shared(rng: Random, cast: dict[str, Town], persons: int, root: UUID, start: date, end: date) -> Iterator[Source]:
    """Workshops and laptops, as many as the people ask for."""
    total = sum(weights(cast))
    for town, weight in zip(cast.values(), weights(cast), strict=True):
        people = persons * weight // total
        for number in range(max(1, people // DISTRICT)):
            yield workshops_and_loans.workshops(rng, town, identifier(root, town.id, "workshops", number), start, end)
        for number in range(people // BORROWERS):
            yield workshops_and_loans.laptop(rng, town, identifier(root, town.id, "laptop", number), start, end)


def answers(rng: Random, cast: dict[str, Town], persons: int, root: UUID, start: date, end: date) -> Iterator[Source]:
    """One answer for five people met, from the fourth month on, on days of their own."""
    first, number = start + timedelta(days=120), 0
    if first >= end:
        return
    for day, heard in Season(first, end).spread(persons // 5):
        for _ in range(heard):
            number += 1
            town = rng.choices(list(cast), weights(cast))[0]
            yield workshops_and_loans.answer(rng, town, identifier(root, "survey", number), day, said(rng))


def said(rng: Random) -> dict[str, object]:
    satisfied = rng.random() < 0.97
    return {
        "satisfied": satisfied,
        "rating": rng.choices((3, 4, 5), (1, 9, 14))[0] if satisfied else rng.randint(1, 3),
        "domains": workshops_and_loans.domains(rng, rng.random() < 0.6),
        "wellbeing": rng.random() < 0.95,
        "wants_continuation": rng.random() < 0.96,
    }
