"""What happens to some people beside the usual way: the generator varies the plans that it has drawn.

No source gives these shares: they are plausible, and high enough that a history of some hundred people has every case. Of the people
coached:

    transferred    5 %  the journey goes on in another town, with a coach of that town (people move within the département)
    late         3.5 %  an exit is recorded one to three months after it, often in the next quarter
    behind         4 %  a coach records an interview weeks late, and all that follows it
    neutralised    4 %  a move, a long illness, a prison or a death ends the journey: it counts neither for nor against
    corrected      5 %  of exits with an outcome: a better outcome is proved months later, with another day of exit
    renewed       10 %  of exits without a positive outcome: a second journey, after three weeks to six months
    relapse       12 %  a barrier that was lifted is identified again

and of all people:

    merged         2 %  a second record of the same person, made by another coach months later, and merged
    unanswered     2 %  a prescriber sent the person, and the orientation never gets an answer
    erased         1 %  the person asks for erasure; no count changes
    unmet          7 %  of the number of people: orientations of people never met, one in three without an answer

Elsewhere: referrals without an answer, declined or withdrawn (referrals.py, plans.py), declined orientations (intake.py), walk-ins,
missed and excused workshops (workshops_and_loans.py), people who cannot be reached after the exit (follow_ups.py).
"""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from uuid import UUID

from msgspec.structs import replace

from demo import plans
from demo.actors import COORDINATOR, Town
from demo.command_lines import CommandSequence, TimedLine, stable_id
from demo.draws import weighted_choice, workday_after
from demo.intake import decline_orientation, first_contact, receive_orientation
from demo.plans import Coached, Correction, JourneyPlan, OnlyMet, OutcomeClass, PersonPlan
from demo.schedule import Source

TRANSFERRED, LATE, BEHIND, NEUTRALISED, CORRECTED, RENEWED, RELAPSE = 0.05, 0.035, 0.04, 0.04, 0.05, 0.1, 0.12
MERGED, UNANSWERED, ERASED = 0.02, 0.02, 0.01
UNMET, UNMET_WAITING = 0.07, 0.33
NEUTRAL_REASONS = {"DEMENAGEMENT": 60, "SANTE_LONGUE": 24, "INCARCERATION": 10, "DECES": 6}
SECOND_CLASSES: dict[OutcomeClass, int] = {"POSITIVE": 35, "DYNAMIC": 35, "OTHER": 30}  # of the exit of a renewed journey
BETTER_OUTCOMES = ("CDI", "CDD_LONG", "FORMATION_QUALIFIANTE")


def vary(rng: Random, plan: PersonPlan, towns: dict[str, Town], end: date) -> PersonPlan:
    """The plan with what is strange about this life, if anything is."""
    if plan.orientation == "declined" and rng.random() < UNANSWERED / plans.DECLINED_SHARE:
        plan = replace(plan, orientation="unanswered")
    if isinstance(plan.path, Coached):
        plan = replace(plan, path=Coached(tuple(vary_journeys(rng, plan, plan.path.journeys[0], towns, end))))
    if rng.random() < ERASED:
        plan = replace(plan, erased_on=workday_after(rng, plan.met_on, 200, 500))
    return plan


def vary_journeys(rng: Random, plan: PersonPlan, journey: JourneyPlan, towns: dict[str, Town], end: date) -> Iterator[JourneyPlan]:
    """The journey, varied, and the next one if it is renewed."""
    journey = replace(journey, relapse=rng.random() < RELAPSE, recorded_behind=rng.random() < BEHIND)
    if rng.random() < TRANSFERRED and len(towns) > 1:
        moved_to = rng.choice([town for town in towns if town != plan.town])
        journey = replace(journey, moved_on=workday_after(rng, journey.opened_on, 40, 100), moved_to=moved_to)
    if journey.exit_on is None or journey.exit_on > end:
        yield journey
        return
    yield (varied := vary_exit(rng, journey, journey.exit_on))
    if varied.renewed_on:
        outcome_class = weighted_choice(rng, SECOND_CLASSES)
        yield plans.draw_exited(rng, varied.renewed_on, outcome_class, end + timedelta(days=plans.MAX_JOURNEY_DAYS))


def vary_exit(rng: Random, journey: JourneyPlan, exit_on: date) -> JourneyPlan:
    """At most one thing happens to an exit."""
    chance = rng.random()
    if chance < NEUTRALISED:
        reason, neutralised_on = weighted_choice(rng, NEUTRAL_REASONS), workday_after(rng, exit_on, 4, 40)
        exit_reason = "DEMANDE" if not journey.outcome_kinds else "OUTCOME"
        return replace(journey, exit_reason=exit_reason, neutralised_on=neutralised_on, neutral_reason=reason)
    if (chance := chance - NEUTRALISED) < LATE:
        return replace(journey, exit_known_on=workday_after(rng, exit_on, 25, 100))
    if (chance := chance - LATE) < CORRECTED and journey.outcome_kinds:
        return replace(journey, correction=draw_correction(rng, exit_on))
    if (chance := chance - CORRECTED) < RENEWED and not is_positive(journey):
        return replace(journey, renewed_on=workday_after(rng, exit_on, 21, 180))
    return journey


def draw_correction(rng: Random, exit_on: date) -> Correction:
    """A better outcome of the days before the exit, known between the two follow-ups."""
    return Correction(
        corrected_on=workday_after(rng, exit_on, 128, 150),
        outcome_on=exit_on - timedelta(days=rng.randint(0, 6)),
        exit_on=exit_on + timedelta(days=rng.randint(1, 14)),
        outcome_kind=rng.choice(BETTER_OUTCOMES),
    )


def is_positive(journey: JourneyPlan) -> bool:
    return any(kind in plans.OUTCOME_KINDS["POSITIVE"] for kind in journey.outcome_kinds)


def second_record(rng: Random, towns: dict[str, Town], plan: PersonPlan, end: date) -> Source | None:
    """Another record of the same person, merged some weeks later; for few people, of those who stay in one town."""
    if rng.random() >= MERGED or plan.erased_on or has_left_the_town(plan):
        return None
    met_on = workday_after(rng, plan.met_on, 30, 200)
    merged_on = workday_after(rng, met_on, 8, 45)
    if merged_on > end:
        return None
    record, town = stable_id(plan.person, "second record"), towns[plan.town]
    again = replace(plan, person=record, first_on=met_on, met_on=met_on, orientation="none", path=OnlyMet("PENDING"))
    commands = CommandSequence(rng, record, town.id)

    def lines() -> Iterator[TimedLine]:
        yield from first_contact(commands, town, again, rng.choice(town.coaches))
        yield commands.emit("MergePersons", merged_on, COORDINATOR, kept=str(plan.person), merged=str(record))

    return Source(met_on, lines())


def has_left_the_town(plan: PersonPlan) -> bool:
    return isinstance(plan.path, Coached) and any(journey.moved_on or journey.neutralised_on for journey in plan.path.journeys)


def unmet_orientation(rng: Random, town: Town, id: UUID, day: date, *, declined: bool) -> Source:
    """The orientation of a person who was never met: declined within days, or without an answer."""
    commands = CommandSequence(rng, id, town.id)

    def lines() -> Iterator[TimedLine]:
        (kind, prescriber), orientation = town.draw_prescriber(rng), str(stable_id(id, "orientation"))
        yield receive_orientation(commands, day, prescriber, orientation, str(id), kind)
        if declined:
            coach = rng.choice(town.coaches)
            declined_on = workday_after(rng, day, 2, 12)
            yield decline_orientation(commands, declined_on, coach, orientation, rng.choice(("HORS_QPV", "INJOIGNABLE")))

    return Source(day, lines())
