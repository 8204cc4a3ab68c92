"""The anonymous survey: the tickets that are issued after exits, and the answers: the study's, with exact counts, and plausible ones.

An answer has a subject of its own, and its day is drawn without regard to any person. It names no ticket: who loads the history redeems
one that was issued in the town before. So an answer waits for a day on which there is one, and cannot be joined to a person.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import TypeVar
from uuid import UUID

from demo.actors import PARTICIPANT, Town
from demo.command_lines import Actor, CommandSequence, TimedLine
from demo.dates import workday
from demo.schedule import Source
from demo.study_counts import Counts

DOMAINS = ("SANTE", "GARDE_ENFANT", "LOGEMENT", "MOBILITE", "ESTIME_DE_SOI")  # of life, in which a person saw an effect

Reply = dict[str, object]  # the fields of an answer, without its ticket
T = TypeVar("T")


class RecordedAtOnce(CommandSequence):
    """Participants answer by themselves: nobody records it later."""

    def recording_delay(self) -> timedelta:
        return timedelta()


def issue_ticket(
    commands: CommandSequence, town: Town, day: date, coach: Actor, person: str, rank: int, moment: str
) -> Iterator[TimedLine]:
    """A ticket that a coach hands to a person."""
    yield commands.emit("IssueSurveyTicket", day, coach, person=person, rank=rank, moment=moment)
    town.unused_tickets += 1


def survey_answer(rng: Random, town: Town, id: UUID, day: date, reply: Reply) -> Source:
    """One answer given on `day`, or on the first day after it on which there is a ticket in the town."""
    commands = RecordedAtOnce(rng, id, town.id)

    def lines() -> Iterator[TimedLine]:
        answered_on = day
        yield commands.wait_until(answered_on)
        while not town.unused_tickets:
            answered_on = workday(answered_on + timedelta(days=1))
            yield commands.wait_until(answered_on)
        town.unused_tickets -= 1
        yield commands.emit("AnswerSurvey", answered_on, PARTICIPANT, **reply)

    return Source(day, lines())


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
