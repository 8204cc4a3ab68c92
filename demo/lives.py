"""A person's whole way as one chain of commands."""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from demo.actors import DPO, Town
from demo.coaching import Coaching
from demo.follow_ups import follow, renew
from demo.intake import meet
from demo.plans import Coached, Plan, Redirected
from demo.referrals import leave, redirect
from demo.schedule import Actor, Chain, Said, Source


def life(rng: Random, towns: dict[str, Town], plan: Plan, end: date) -> Source:
    return plan.first_on, told(Chain(rng, plan.person, plan.town), towns, plan, end)


def told(chain: Chain, towns: dict[str, Town], plan: Plan, end: date) -> Iterator[Said]:
    town = towns[plan.town]
    coach = chain.rng.choice(town.coaches)
    yield from meet(chain, town, plan, coach)
    match plan.sequel:
        case Coached():
            yield from coached(chain, towns, plan, plan.sequel, coach, end)
        case Redirected():
            yield from redirect(chain, town, plan, plan.sequel, coach)
        case _:
            yield from leave(chain, town, plan, plan.sequel, coach)
    if plan.erased_on:
        yield chain.say("DestroyPersonKey", plan.erased_on, DPO, person=str(plan.person), basis="DEMANDE")


def coached(chain: Chain, towns: dict[str, Town], plan: Plan, sequel: Coached, coach: Actor, end: date) -> Iterator[Said]:
    person = str(plan.person)
    if plan.orientation != "accepted":
        yield chain.say("OpenJourney", sequel.legs[0].opened_on, coach, person=person, referent=coach["id"])
    coaching = Coaching(chain, towns, towns[plan.town], plan, coach)
    for rank, leg in enumerate(sequel.legs, 1):
        if rank > 1:
            granted_on = leg.opened_on - timedelta(days=7)
            yield from renew(chain, coaching.coach, person, granted_on, leg.opened_on)
        yield from coaching.told(leg, rank, end)
        if leg.exit_on:
            yield from follow(chain, coaching.coach, person, leg, rank, leg.exit_on)
