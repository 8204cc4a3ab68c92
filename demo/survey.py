"""Answers to the anonymous survey: the study's, with exact counts, and plausible ones.

An answer has a subject of its own: its token and its day are drawn without regard to any person, so it cannot be joined to one.
"""

from datetime import date
from random import Random
from typing import TypeVar
from uuid import UUID

from demo.actors import PARTICIPANT
from demo.command_lines import CommandSequence
from demo.schedule import Source
from demo.study_counts import Counts

DOMAINS = ("SANTE", "GARDE_ENFANT", "LOGEMENT", "MOBILITE", "ESTIME_DE_SOI")  # of life, in which a person saw an effect

Reply = dict[str, object]  # the fields of an answer, without its token
T = TypeVar("T")


def survey_answer(rng: Random, town: str, id: UUID, day: date, reply: Reply) -> Source:
    """One answer given on `day`, with `id` as its token."""
    return Source(day, iter((CommandSequence(rng, id, town).emit("AnswerSurvey", day, PARTICIPANT, token=str(id), **reply),)))


def exact_replies(rng: Random, counts: Counts) -> list[Reply]:
    """The replies of one town of the study: every count is exact, and the qualities are shuffled among the replies."""
    total = counts.answers
    ratings = shuffled(rng, [5] * counts.rating_5 + [4] * (total - counts.rating_5))
    effects = shuffled(rng, [draw_domains(rng, number < counts.domain_effects) for number in range(total)])
    negatives = shuffled(rng, [True] * counts.negative + [False] * (total - counts.negative))
    return [
        {"satisfied": True, "rating": rating, "domains": domains, "wellbeing": not negative, "wants_continuation": not negative}
        for rating, domains, negative in zip(ratings, effects, negatives, strict=True)
    ]


def draw_reply(rng: Random) -> Reply:
    """A reply with shares like the study's, and a few people who are not satisfied."""
    satisfied = rng.random() < 0.97
    return {
        "satisfied": satisfied,
        "rating": rng.choices((3, 4, 5), (1, 9, 14))[0] if satisfied else rng.randint(1, 3),
        "domains": draw_domains(rng, rng.random() < 0.6),
        "wellbeing": rng.random() < 0.95,
        "wants_continuation": rng.random() < 0.96,
    }


def draw_domains(rng: Random, effect: bool) -> list[str]:
    """One to three domains if there was an effect, else none."""
    return rng.sample(DOMAINS, rng.randint(1, 3)) if effect else []


def shuffled(rng: Random, values: list[T]) -> list[T]:
    rng.shuffle(values)
    return values
