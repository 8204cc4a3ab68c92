"""Commands about a referral: it is sent to a partner, who sees it, answers it or stays silent, and records its result."""

from collections.abc import Iterator
from datetime import date
from uuid import UUID

from demo.actors import Partner, Town
from demo.command_lines import Actor, CommandSequence, TimedLine, stable_id
from demo.draws import weighted_choice, workday_after
from demo.intake import record_profile
from demo.plans import PersonPlan, Redirected

ANSWERS = {"ACCEPTED": 62, "DECLINED": 17, "SEEN": 8, "SILENT": 13}
DECLINE_REASONS = {
    "non-joignable": 24,
    "session-complete": 20,
    "non-eligible": 14,
    "non-interesse": 14,
    "freins-peripheriques": 10,
    "en-emploi": 6,
}
RESULTS = {"ACCOMPAGNEMENT": 46, "ENTREE_EN_FORMATION": 24, "EMPLOI": 14, "SANS_SUITE": 16}


def redirect(commands: CommandSequence, town: Town, plan: PersonPlan, path: Redirected, coach: Actor) -> Iterator[TimedLine]:
    """A referral to a partner of the town; after half of the refusals, a second one to another partner, who accepts."""
    if commands.rng.random() < 0.4:
        yield record_profile(commands, plan, coach, path.sent_on)
    answer = weighted_choice(commands.rng, ANSWERS)
    partner = commands.rng.choice(town.partners)
    yield from referral(commands, plan.person, partner, path.sent_on, coach, answer, number=1)
    if answer == "DECLINED" and commands.rng.random() < 0.5:
        other = commands.rng.choice([candidate for candidate in town.partners if candidate is not partner])
        sent_on = workday_after(commands.rng, commands.last_time.date(), 2, 12)
        yield from referral(commands, plan.person, other, sent_on, coach, "ACCEPTED", number=2)


def referral(
    commands: CommandSequence, person: UUID, partner: Partner, day: date, coach: Actor, answer: str, number: int
) -> Iterator[TimedLine]:
    """One referral with this answer. Three accepted ones in four have a result."""
    rng, ids = commands.rng, {"person": str(person), "referral": str(stable_id(person, "referral", number))}
    yield send_referral(commands, day, coach, ids, partner)
    if answer == "SILENT":
        return
    seen_on = workday_after(rng, day, 0, 7)
    yield commands.emit("SeeReferral", seen_on, partner.actor, **ids)
    answered_on = workday_after(rng, seen_on, 1, 20)
    if answer == "DECLINED":
        yield commands.emit("DeclineReferral", answered_on, partner.actor, **ids, reason=weighted_choice(rng, DECLINE_REASONS))
    if answer == "ACCEPTED":
        yield commands.emit("AcceptReferral", answered_on, partner.actor, **ids)
        if rng.random() < 0.75:
            completed_on = workday_after(rng, answered_on, 25, 130)
            yield commands.emit("CompleteReferral", completed_on, partner.actor, **ids, result=weighted_choice(rng, RESULTS))


def send_referral(commands: CommandSequence, day: date, coach: Actor, ids: dict[str, str], partner: Partner) -> TimedLine:
    """`ids` are the fields `person` and `referral`."""
    consent = str(stable_id(ids["referral"], "consent"))
    fields = ["contact", "needs"] if commands.rng.random() < 0.7 else ["contact", "needs", "profile"]
    service = commands.rng.choice(partner.services)
    addressee = {"partner": partner.actor["organisation"], "service": service, "thematique": partner.thematique}
    return commands.emit("SendReferral", day, coach, **ids, **addressee, consent=consent, shared_fields=fields)
