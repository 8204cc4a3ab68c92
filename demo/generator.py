"""A plausible history of any size, written line by line.

Every person gets a path and an outcome class with weights close to the shares of the study; nothing is exact. Some lives are strange
(strange_lives.py says which, and in what shares). People are spread over the days by the season, so the sources come in order and the whole
history is never in memory.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from heapq import heappop, heappush, merge
from itertools import chain
from random import Random
from uuid import UUID

from demo import plans
from demo.actors import Town, load_towns
from demo.command_lines import CommandLine, stable_id
from demo.draws import weighted_choice
from demo.person_history import person_source
from demo.plans import OutcomeClass, PersonPlan
from demo.programme_setup import setup_sources
from demo.schedule import Source, interleave
from demo.season import Season
from demo.strange_lives import UNMET, UNMET_WAITING, second_record, unmet_orientation, vary
from demo.survey import draw_reply, survey_answer
from demo.workshops_and_loans import laptop_loans, workshop_series

PATH_WEIGHTS = {"coached": 485, "redirected": 420, "only_met": 95}
OUTCOME_CLASS_WEIGHTS: dict[OutcomeClass, int] = {"POSITIVE": 27, "DYNAMIC": 32, "OTHER": 27, "OPEN": 14}
TOWN_WEIGHTS = (130, 95, 70, 45)  # people met, in the order of the configuration
PEOPLE_PER_WORKSHOP_SERIES = 90
PEOPLE_PER_LAPTOP = 30
PEOPLE_PER_ANSWER = 5
FIRST_ANSWER_DAYS = 120  # from the start of the programme to the first answers to the survey


def generate(persons: int, seed: int, start: date, end: date) -> Iterator[CommandLine]:
    """Commands about `persons` people met from `start` to `end`, both included, in the order of recording.

    What would be recorded after `end` is left out. The same arguments give the same lines; another number of people or other days give
    other people.
    """
    root = stable_id("history", seed, persons, start, end)
    rng = Random(seed)  # noqa: S311 - an invented history must be reproducible; it protects nothing
    towns = load_towns()
    people = person_sources(rng, towns, persons, root, start, end)
    answers = answer_sources(rng, towns, persons, root, start, end)
    unmet = unmet_sources(rng, towns, persons, root, start, end)
    by_first_day = merge(people, answers, unmet, key=lambda source: source.first_day)
    from_the_start = [*setup_sources(rng, towns, start), *workshops_and_laptops(rng, towns, persons, root, start, end)]
    return interleave(chain(from_the_start, by_first_day), end)


def person_sources(rng: Random, towns: dict[str, Town], persons: int, root: UUID, start: date, end: date) -> Iterator[Source]:
    """The people in the order of their first day. A plan is drawn when the history reaches that day; a second record waits for its own."""
    number, waiting = 0, list[tuple[date, int, Source]]()
    for day, met in Season(start, end).spread(persons):
        while waiting and waiting[0][0] <= day:
            yield heappop(waiting)[2]
        for _ in range(met):
            number += 1
            plan = vary(rng, draw_plan(rng, towns, root, number, day, end), towns, end)
            yield person_source(rng, towns, plan, end)
            if (again := second_record(rng, towns, plan, end)) is not None:
                heappush(waiting, (again.first_day, number, again))


def draw_plan(rng: Random, towns: dict[str, Town], root: UUID, number: int, day: date, end: date) -> PersonPlan:
    """A plan for the person of this number. An exit may be drawn after `end`: then the journey is open at the end."""
    person, town = stable_id(root, "person", number), rng.choices(list(towns), town_weights(towns))[0]
    match weighted_choice(rng, PATH_WEIGHTS):
        case "coached":
            outcome_class, exit_by = weighted_choice(rng, OUTCOME_CLASS_WEIGHTS), end + timedelta(days=plans.MAX_JOURNEY_DAYS)
            return plans.draw_coached(rng, person, town, day, outcome_class, exit_by)
        case "redirected":
            return plans.draw_redirected(rng, person, town, day)
        case _:
            return plans.draw_only_met(rng, person, town, day)


def town_weights(towns: dict[str, Town]) -> list[int]:
    """The weight of each town; a town that the study did not have weighs as much as its smallest."""
    return [*TOWN_WEIGHTS, *[TOWN_WEIGHTS[-1]] * len(towns)][: len(towns)]


def workshops_and_laptops(rng: Random, towns: dict[str, Town], persons: int, root: UUID, start: date, end: date) -> Iterator[Source]:
    """Workshop series and laptops, in proportion to the people of each town."""
    total = sum(town_weights(towns))
    for town, weight in zip(towns.values(), town_weights(towns), strict=True):
        people = persons * weight // total
        for number in range(max(1, people // PEOPLE_PER_WORKSHOP_SERIES)):
            yield workshop_series(rng, town, stable_id(root, town.id, "workshops", number), start, end)
        for number in range(people // PEOPLE_PER_LAPTOP):
            yield laptop_loans(rng, town, stable_id(root, town.id, "laptop", number), start, end)


def unmet_sources(rng: Random, towns: dict[str, Town], persons: int, root: UUID, start: date, end: date) -> Iterator[Source]:
    """Orientations of people who are never met, in the order of their days."""
    number = 0
    for day, orientations in Season(start, end).spread(int(persons * UNMET)):
        for _ in range(orientations):
            number += 1
            town = towns[rng.choices(list(towns), town_weights(towns))[0]]
            yield unmet_orientation(rng, town, stable_id(root, "unmet", number), day, declined=rng.random() >= UNMET_WAITING)


def answer_sources(rng: Random, towns: dict[str, Town], persons: int, root: UUID, start: date, end: date) -> Iterator[Source]:
    """One answer to the survey for five people met, from the fourth month on, in the order of their days."""
    first, number = start + timedelta(days=FIRST_ANSWER_DAYS), 0
    if first >= end:
        return
    for day, answers in Season(first, end).spread(persons // PEOPLE_PER_ANSWER):
        for _ in range(answers):
            number += 1
            town = rng.choices(list(towns), town_weights(towns))[0]
            yield survey_answer(rng, towns[town], stable_id(root, "survey", number), day, draw_reply(rng))
