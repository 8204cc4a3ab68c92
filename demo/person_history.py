"""The whole history of one person, from the first contact on, as one sequence of commands."""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from demo.actors import DPO, Town
from demo.coaching import Coaching
from demo.command_lines import Actor, CommandSequence, TimedLine, stable_id
from demo.draws import workday_after
from demo.follow_ups import after_exit, renew_journey
from demo.intake import assess_eligibility, first_contact
from demo.plans import Coached, OnlyMet, PersonPlan, Redirected
from demo.referrals import redirect, send_referral
from demo.schedule import Source


def person_source(rng: Random, towns: dict[str, Town], plan: PersonPlan, end: date) -> Source:
    """The commands of this plan; those of a journey stop at `end`, the last day of the history."""
    return Source(plan.first_on, person_history(CommandSequence(rng, plan.person, plan.town), towns, plan, end))


def person_history(commands: CommandSequence, towns: dict[str, Town], plan: PersonPlan, end: date) -> Iterator[TimedLine]:
    town = towns[plan.town]
    coach = commands.rng.choice(town.coaches)
    yield from first_contact(commands, town, plan, coach)
    match plan.path:
        case Coached():
            yield from coached(commands, towns, plan, plan.path, coach, end)
        case Redirected():
            yield from redirect(commands, town, plan, plan.path, coach)
        case OnlyMet():
            yield from only_met(commands, town, plan, plan.path, coach)
    if plan.erased_on:
        erased_on = max(plan.erased_on, commands.last_recorded.date())
        yield commands.emit("DestroyPersonKey", erased_on, DPO, person=str(plan.person), basis="DEMANDE")


def coached(
    commands: CommandSequence, towns: dict[str, Town], plan: PersonPlan, path: Coached, coach: Actor, end: date
) -> Iterator[TimedLine]:
    """The journeys of a person, each with its follow-ups. An accepted orientation opens the first one by itself."""
    person = str(plan.person)
    if plan.orientation != "accepted":
        yield commands.emit("OpenJourney", path.journeys[0].opened_on, coach, person=person, referent=coach["id"])
    coaching = Coaching(commands, towns, towns[plan.town], plan, coach)
    for rank, journey in enumerate(path.journeys, 1):
        if rank > 1:
            granted_on = journey.opened_on - timedelta(days=7)
            yield from renew_journey(commands, coaching.coach, person, granted_on, journey.opened_on)
        yield from coaching.journey(journey, rank, end)
        if journey.exit_on:
            yield from after_exit(commands, coaching.town, coaching.coach, person, journey, rank, journey.exit_on)


def only_met(commands: CommandSequence, town: Town, plan: PersonPlan, path: OnlyMet, coach: Actor) -> Iterator[TimedLine]:
    """The contact is closed, maybe after an assessment or a referral that is withdrawn; or it is still open (PENDING)."""
    rng, person = commands.rng, str(plan.person)
    if path.ending == "PENDING":
        return
    day = workday_after(rng, plan.met_on, 2, 25)
    if path.ending == "NON_ELIGIBLE":
        yield assess_eligibility(commands, plan, coach, day, "NON_ELIGIBLE")
    if path.ending == "WITHDRAWN":
        ids = {"person": person, "referral": str(stable_id(person, "referral", 1))}
        yield send_referral(commands, day, coach, ids, rng.choice(town.partners))
        yield commands.emit("WithdrawReferral", workday_after(rng, day, 1, 15), coach, **ids, reason=rng.choice(("DEMANDE", "ERREUR")))
    reason = "REFUS" if path.ending == "WITHDRAWN" else path.ending
    yield commands.emit("CloseContact", workday_after(rng, day, 5, 30), coach, person=person, reason=reason)
