"""The two years of the study, June 2022 – June 2024: an invented history in which every published figure comes out exactly.

How the figures are met
-----------------------
The counts of each town are in study_counts.py, with their source. Each count is the sum of hand-written cases and drawn people:

- People coached: the fixed cases of the town (fixed_cases.py), then one drawn person for each journey that is missing. The class of a
  drawn journey is given, not drawn: as many POSITIVE and DYNAMIC exits as the town's counts leave after its fixed cases (a person counts
  where the first journey opened, also after a move); of the others, one in three is still OPEN, the rest exit as OTHER.
  Every drawn exit falls before the end (LAST_EXIT), so that no outcome is lost.
- People redirected: a referral that is sent and not withdrawn. In Alençon one of them is the kept record of the merged person, so one
  less is drawn. A person who is coached has only withdrawn referrals: the two groups are disjoint, as in the study.
- People only met: the remainder of `met`. Their referrals are withdrawn, their contact starts early enough for that (LAST_ONLY_MET).
- The merged record is one identification more than people met. Orientations of people who were never met identify no person.
- Businesses: the two fixed cases alone; no drawn outcome is a business.
- Survey: exact counts of each reply, shuffled (survey.py).
- Small cells: the study publishes 2 businesses and survey answers that masking would hide. A decision releases these cells for the
  whole programme, on RELEASED_ON.

Days, places, coaches and all else are drawn. Another seed gives another history with the same figures.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import chain
from random import Random
from uuid import UUID

from demo import plans
from demo.actors import COORDINATOR, Town, load_towns
from demo.command_lines import CommandLine, ProgrammeDecisions, TimedLine, stable_id
from demo.fixed_cases import MERGE_TOWN, FixedCase, fixed_cases, kept_record, merged_record
from demo.person_history import person_source
from demo.plans import OutcomeClass, PersonPlan
from demo.programme_setup import setup_sources
from demo.schedule import Source, interleave
from demo.season import Season
from demo.strange_lives import unmet_orientation
from demo.study_counts import COUNTS_BY_TOWN, OPEN_ONE_IN, Counts
from demo.survey import exact_replies, survey_answer
from demo.workshops_and_loans import laptop_loans, workshop_series

START, END = date(2022, 6, 1), date(2024, 6, 28)
LAST_EXIT = END - timedelta(days=6)
LAST_COACHED = LAST_EXIT - timedelta(days=plans.MIN_JOURNEY_DAYS + 34)  # the last first contact whose journey can end by LAST_EXIT
LAST_REDIRECTED = END - timedelta(days=35)  # the last first contact after which a referral can be sent
LAST_ONLY_MET = END - timedelta(days=62)  # the last first contact after which a referral can be sent and withdrawn

RELEASED_ON = date(2024, 7, 4)
RELEASE_AUTHORITY = "Étude d’impact social publiée, juin 2022 – juin 2024"
RELEASED_INDICATORS = ("businesses_created", "survey_wellbeing", "survey_continuation")

WORKSHOP_SERIES = {"alencon": 2}  # by town; one elsewhere
LAPTOPS = {"alencon": 4, "flers": 3, "argentan": 2, "laigle": 2}
DECLINED_UNMET = 12  # orientations of people never met that are declined; one more in each town waits for its answer


def study(seed: int) -> Iterator[CommandLine]:
    """Commands in the order of recording. The same seed gives the same lines; every seed gives the same figures."""
    rng = Random(seed)  # noqa: S311 - an invented history must be reproducible; it protects nothing
    towns = load_towns()
    people = [person_source(rng, towns, plan, END) for plan in person_plans(rng, seed)]
    others = [
        *workshops_and_laptops(rng, towns, seed),
        *survey_answers(rng, towns, seed),
        *unmet_orientations(rng, towns, seed),
        merged_record(rng, towns[MERGE_TOWN], seed),
    ]
    sources = sorted([*people, *others], key=lambda source: source.first_day)
    lines = interleave([*setup_sources(rng, towns, START), *sources], END)
    return chain(lines, interleave([released_cells(rng)], RELEASED_ON))


# People --------------------------------------------------------------------------------------------------------------


def person_plans(rng: Random, seed: int) -> Iterator[PersonPlan]:
    """The plan of every person met."""
    cases = list(fixed_cases(seed))
    yield kept_record(seed)
    yield from (case.plan for case in cases)
    for town, counts in COUNTS_BY_TOWN.items():
        yield from drawn_plans(rng, seed, town, counts, cases)


def drawn_plans(rng: Random, seed: int, town: str, counts: Counts, cases: list[FixedCase]) -> Iterator[PersonPlan]:
    """The people who complete the counts of a town, beside the fixed cases."""
    number = 0
    for outcome_class, people in drawn_journeys(town, counts, cases).items():
        for _ in range(people):
            number += 1
            yield draw_coached(rng, stable_id(seed, town, number), town, outcome_class)
    season = Season(START, LAST_REDIRECTED)
    for _ in range(counts.redirected - (town == MERGE_TOWN)):  # one of them is the kept record of the merged person
        number += 1
        yield plans.draw_redirected(rng, stable_id(seed, town, number), town, season.draw(rng))
    season = Season(START, LAST_ONLY_MET)
    for _ in range(counts.met - counts.coached - counts.redirected):
        number += 1
        yield plans.draw_only_met(rng, stable_id(seed, town, number), town, season.draw(rng))


def drawn_journeys(town: str, counts: Counts, cases: list[FixedCase]) -> dict[OutcomeClass, int]:
    """How many journeys of each class to draw in a town. A fixed case counts where its first journey opens."""
    fixed = Counter(case.outcome_class for case in cases if case.plan.town == town)
    opened = counts.coached - fixed.total()
    positive, dynamic = counts.positive - fixed["POSITIVE"], counts.dynamic - fixed["DYNAMIC"]
    without = opened - positive - dynamic
    still_open = without // OPEN_ONE_IN
    return {"POSITIVE": positive, "DYNAMIC": dynamic, "OTHER": without - still_open, "OPEN": still_open}


def draw_coached(rng: Random, person: UUID, town: str, outcome_class: OutcomeClass) -> PersonPlan:
    """A journey that is still open starts in the last months."""
    still_open = outcome_class == "OPEN"
    season = Season(END - timedelta(days=240), END - timedelta(days=45)) if still_open else Season(START, LAST_COACHED)
    return plans.draw_coached(rng, person, town, season.draw(rng), outcome_class, LAST_EXIT)


def unmet_orientations(rng: Random, towns: dict[str, Town], seed: int) -> Iterator[Source]:
    """Orientations of people who were never met: declined, or without an answer at the end."""
    season = Season(START, LAST_ONLY_MET)
    for number, town in enumerate(rng.choices(list(towns.values()), k=DECLINED_UNMET)):
        yield unmet_orientation(rng, town, stable_id(seed, "unmet", number), season.draw(rng), declined=True)
    for number, town in enumerate(towns.values()):
        yield unmet_orientation(rng, town, stable_id(seed, "waiting", number), END - timedelta(days=14 - number), declined=False)


# What is not about one person ----------------------------------------------------------------------------------------


def workshops_and_laptops(rng: Random, towns: dict[str, Town], seed: int) -> Iterator[Source]:
    for town in towns.values():
        for number in range(WORKSHOP_SERIES.get(town.id, 1)):
            yield workshop_series(rng, town, stable_id(seed, town.id, "workshops", number), START, END)
        for number in range(LAPTOPS.get(town.id, 1)):
            yield laptop_loans(rng, town, stable_id(seed, town.id, "laptop", number), START, END)


def survey_answers(rng: Random, towns: dict[str, Town], seed: int) -> Iterator[Source]:
    season = Season(START + timedelta(days=150), END - timedelta(days=8))
    for town, counts in COUNTS_BY_TOWN.items():
        for number, reply in enumerate(exact_replies(rng, counts)):
            yield survey_answer(rng, towns[town], stable_id(seed, "survey", town, number), season.draw(rng), reply)


def released_cells(rng: Random) -> Source:
    """The small cells that the published study shows, released by a decision, for the whole programme only."""
    decisions = ProgrammeDecisions(rng, stable_id("released"), "all")

    def lines() -> Iterator[TimedLine]:
        for indicator in RELEASED_INDICATORS:
            cell = {"indicator": indicator, "quarter": "2024-Q2", "of_territory": "all", "authority": RELEASE_AUTHORITY}
            yield decisions.emit("ReleaseCell", RELEASED_ON, COORDINATOR, **cell)

    return Source(RELEASED_ON, lines())
