"""The study's two years, June 2022 – June 2024, told so that every published figure comes out."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import chain
from random import Random
from typing import TypeVar
from uuid import UUID

from demo import intake, plans, workshops_and_loans
from demo.actors import COORDINATOR, Town, towns
from demo.figures import GLOOMY, STILL_OPEN, STUDY, Counts
from demo.fixed_cases import MERGED_ON, Planted, kept, person, planted
from demo.lives import life
from demo.plans import Class, Left, Plan
from demo.programme_setup import opening
from demo.schedule import Chain, Line, Office, Said, Source, after, identifier, interleave
from demo.season import Season

START, END = date(2022, 6, 1), date(2024, 6, 28)
RELEASED_ON = date(2024, 7, 4)
AUTHORITY = "Étude d’impact social publiée, juin 2022 – juin 2024"
RELEASED = ("businesses_created", "survey_wellbeing", "survey_continuation")
LAST_EXIT = END - timedelta(days=6)
LAST_MEETING = END - timedelta(days=35)  # a referral can still be sent
LAST_GOODBYE = END - timedelta(days=62)  # one can still be taken back
LAST_COMMITMENT = LAST_EXIT - timedelta(days=plans.SHORTEST + 34)  # a journey that begins now can still be over in time
T = TypeVar("T")
WORKSHOPS, LAPTOPS = {"alencon": 2}, {"alencon": 4, "flers": 3, "argentan": 2, "laigle": 2}


def study(seed: int) -> Iterator[Line]:
    """Commands in the order of recording. The same seed gives the same lines; every seed gives the same figures."""
    rng = Random(seed)  # noqa: S311 - an invented history must be the same each time; nothing is protected by it
    cast = towns()
    people = [life(rng, cast, plan, END) for plan in everybody(rng, seed)]
    others = [*shared(rng, cast, seed), *answers(rng, seed), *unmet(rng, cast, seed), merged(rng, cast["alencon"], seed)]
    sources = sorted([*people, *others], key=lambda source: source[0])
    told = interleave([*opening(rng, cast, START), *sources], END)
    return chain(told, interleave([released(rng)], RELEASED_ON))


# People --------------------------------------------------------------------------------------------------------------


def everybody(rng: Random, seed: int) -> Iterator[Plan]:
    on_purpose = list(planted(seed))
    yield kept(seed)
    yield from (case.plan for case in on_purpose)
    for town, counts in STUDY.items():
        yield from of_town(rng, seed, town, counts, on_purpose)


def of_town(rng: Random, seed: int, town: str, counts: Counts, on_purpose: list[Planted]) -> Iterator[Plan]:
    """Whoever the planted cases leave to be told, so that the town's counts come out."""
    number = 0
    for class_, people in classes(town, counts, on_purpose).items():
        for _ in range(people):
            number += 1
            yield coached(rng, identifier(seed, town, number), town, class_)
    season = Season(START, LAST_MEETING)
    for _ in range(counts.redirected - (town == "alencon")):  # the planted one is kept, of two merged records
        number += 1
        yield plans.redirected(rng, identifier(seed, town, number), town, season.drawn(rng))
    season = Season(START, LAST_GOODBYE)
    for _ in range(counts.met - counts.coached - counts.redirected):
        number += 1
        yield plans.left(rng, identifier(seed, town, number), town, season.drawn(rng))


def classes(town: str, counts: Counts, on_purpose: list[Planted]) -> dict[Class, int]:
    """How many journeys of each class are still to be told in a town. Openings count where they are, exits where they are."""
    opened = counts.coached - sum(case.plan.town == town for case in on_purpose)
    told = Counter(case.class_ for case in on_purpose if case.town == town)
    positive, dynamic = counts.positive - told["POSITIVE"], counts.dynamic - told["DYNAMIC"]
    without = opened - positive - dynamic
    still_open = without // STILL_OPEN
    return {"POSITIVE": positive, "DYNAMIC": dynamic, "OTHER": without - still_open, "OPEN": still_open}


def coached(rng: Random, who: UUID, town: str, class_: Class) -> Plan:
    season = Season(END - timedelta(days=240), END - timedelta(days=45)) if class_ == "OPEN" else Season(START, LAST_COMMITMENT)
    return plans.coached(rng, who, town, season.drawn(rng), class_, LAST_EXIT)


def merged(rng: Random, town: Town, seed: int) -> Source:
    """The second record of a person: met again on another day, when the neighbourhood was on another map."""
    first = date(2024, 1, 23)
    line, coach = Chain(rng, person(seed, "merged"), town.id), town.coaches[-1]
    plan = Plan(
        person=line.id, town=town.id, first_on=first, met_on=first, orientation="none", sequel=Left("PENDING"), qpv=(2024, "Perseigne")
    )

    def told() -> Iterator[Said]:
        yield from intake.meet(line, town, plan, coach)
        yield line.say("MergePersons", MERGED_ON, COORDINATOR, kept=str(person(seed, "kept")), merged=str(line.id))

    return first, told()


def unmet(rng: Random, cast: dict[str, Town], seed: int) -> Iterator[Source]:
    """Orientations of people who were never met: declined, or still waiting at the end."""
    season = Season(START, LAST_GOODBYE)
    for number, town in enumerate(rng.choices(list(cast.values()), k=12)):
        yield sent(Chain(rng, identifier(seed, "unmet", number), town.id), town, season.drawn(rng), answered=True)
    for number, town in enumerate(cast.values()):
        yield sent(Chain(rng, identifier(seed, "waiting", number), town.id), town, END - timedelta(days=14 - number), answered=False)


def sent(line: Chain, town: Town, day: date, *, answered: bool) -> Source:
    def told() -> Iterator[Said]:
        (kind, prescriber), orientation = town.prescriber(line.rng), str(identifier(line.id, "orientation"))
        yield intake.receive(line, day, prescriber, orientation, str(line.id), kind)
        if answered:
            coach = line.rng.choice(town.coaches)
            yield intake.decline(line, after(line.rng, day, 2, 12), coach, orientation, line.rng.choice(("HORS_QPV", "INJOIGNABLE")))

    return day, told()


# Together ------------------------------------------------------------------------------------------------------------


def shared(rng: Random, cast: dict[str, Town], seed: int) -> Iterator[Source]:
    for town in cast.values():
        for number in range(WORKSHOPS.get(town.id, 1)):
            yield workshops_and_loans.workshops(rng, town, identifier(seed, town.id, "workshops", number), START, END)
        for number in range(LAPTOPS.get(town.id, 1)):
            yield workshops_and_loans.laptop(rng, town, identifier(seed, town.id, "laptop", number), START, END)


def answers(rng: Random, seed: int) -> Iterator[Source]:
    season = Season(START + timedelta(days=150), END - timedelta(days=8))
    for town, counts in STUDY.items():
        for number, said in enumerate(zip(marks(rng, counts), effects(rng, counts), gloom(rng, town, counts), strict=True)):
            yield workshops_and_loans.answer(rng, town, identifier(seed, "survey", town, number), season.drawn(rng), heard(*said))


def heard(rating: int, domains: list[str], gloomy: bool) -> dict[str, object]:
    return {"satisfied": True, "rating": rating, "domains": domains, "wellbeing": not gloomy, "wants_continuation": not gloomy}


def marks(rng: Random, counts: Counts) -> list[int]:
    return shuffled(rng, [5] * counts.fives + [4] * (counts.answers - counts.fives))


def effects(rng: Random, counts: Counts) -> list[list[str]]:
    return shuffled(rng, [workshops_and_loans.domains(rng, number < counts.effects) for number in range(counts.answers)])


def gloom(rng: Random, town: str, counts: Counts) -> list[bool]:
    return shuffled(rng, [town in GLOOMY, *[False] * (counts.answers - 1)])


def shuffled(rng: Random, values: list[T]) -> list[T]:
    rng.shuffle(values)
    return values


def released(rng: Random) -> Source:
    """Small cells that the published study shows: by decision, and for the whole programme only."""
    office = Office(rng, identifier("released"), "all")

    def told() -> Iterator[Said]:
        for indicator in RELEASED:
            cell = {"indicator": indicator, "quarter": "2024-Q2", "of_territory": "all", "authority": AUTHORITY}
            yield office.say("ReleaseCell", RELEASED_ON, COORDINATOR, **cell)

    return RELEASED_ON, told()
