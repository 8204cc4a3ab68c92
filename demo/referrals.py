"""A person is sent to a partner, who sees it, answers or stays silent, and says how it ended. Others just leave."""

from collections.abc import Iterator
from datetime import date
from uuid import UUID

from demo.actors import Partner, Town
from demo.intake import assess, profile
from demo.plans import Left, Plan, Redirected, weighed
from demo.schedule import Actor, Chain, Said, after, identifier

ANSWERS = {"ACCEPTED": 62, "DECLINED": 17, "SEEN": 8, "SILENT": 13}
DECLINES = {
    "non-joignable": 24,
    "session-complete": 20,
    "non-eligible": 14,
    "non-interesse": 14,
    "freins-peripheriques": 10,
    "en-emploi": 6,
}
RESULTS = {"ACCOMPAGNEMENT": 46, "ENTREE_EN_FORMATION": 24, "EMPLOI": 14, "SANS_SUITE": 16}


def redirect(chain: Chain, town: Town, plan: Plan, sequel: Redirected, coach: Actor) -> Iterator[Said]:
    if chain.rng.random() < 0.4:
        yield profile(chain, plan, coach, sequel.sent_on)
    answer = weighed(chain.rng, ANSWERS)
    partner = chain.rng.choice(town.partners)
    yield from referral(chain, plan.person, partner, sequel.sent_on, coach, answer, number=1)
    if answer == "DECLINED" and chain.rng.random() < 0.5:
        other = chain.rng.choice([known for known in town.partners if known is not partner])
        yield from referral(chain, plan.person, other, after(chain.rng, chain.time.date(), 2, 12), coach, "ACCEPTED", number=2)


def referral(chain: Chain, person: UUID, partner: Partner, day: date, coach: Actor, answer: str, number: int) -> Iterator[Said]:
    rng, one = chain.rng, {"person": str(person), "referral": str(identifier(person, "referral", number))}
    yield send(chain, day, coach, one, partner)
    if answer == "SILENT":
        return
    seen_on = after(rng, day, 0, 7)
    yield chain.say("SeeReferral", seen_on, partner.actor, **one)
    answered_on = after(rng, seen_on, 1, 20)
    if answer == "DECLINED":
        yield chain.say("DeclineReferral", answered_on, partner.actor, **one, reason=weighed(rng, DECLINES))
    if answer == "ACCEPTED":
        yield chain.say("AcceptReferral", answered_on, partner.actor, **one)
        if rng.random() < 0.75:
            yield chain.say("CompleteReferral", after(rng, answered_on, 25, 130), partner.actor, **one, result=weighed(rng, RESULTS))


def send(chain: Chain, day: date, coach: Actor, one: dict[str, str], partner: Partner) -> Said:
    consent = str(identifier(one["referral"], "consent"))
    fields = ["contact", "needs"] if chain.rng.random() < 0.7 else ["contact", "needs", "profile"]
    kind = chain.rng.choice(partner.services)
    to = {"partner": partner.actor["organisation"], "service": kind, "thematique": partner.thematique}
    return chain.say("SendReferral", day, coach, **one, **to, consent=consent, shared_fields=fields)


def leave(chain: Chain, town: Town, plan: Plan, sequel: Left, coach: Actor) -> Iterator[Said]:
    """Neither coached nor redirected: the contact is closed, is still going on, or a referral was sent and taken back."""
    rng, person = chain.rng, str(plan.person)
    if sequel.ending == "PENDING":
        return
    day = after(rng, plan.met_on, 2, 25)
    if sequel.ending == "NON_ELIGIBLE":
        yield assess(chain, plan, coach, day, "NON_ELIGIBLE")
    if sequel.ending == "WITHDRAWN":
        one = {"person": person, "referral": str(identifier(person, "referral", 1))}
        yield send(chain, day, coach, one, rng.choice(town.partners))
        yield chain.say("WithdrawReferral", after(rng, day, 1, 15), coach, **one, reason=rng.choice(("DEMANDE", "ERREUR")))
    reason = "REFUS" if sequel.ending == "WITHDRAWN" else sequel.ending
    yield chain.say("CloseContact", after(rng, day, 5, 30), coach, person=person, reason=reason)
