"""After an exit: news at 3 and 6 months, what is corrected or neutralised, and whether the person may come back."""

from collections.abc import Iterator
from datetime import date, timedelta

from demo.actors import COORDINATOR
from demo.outcomes import command
from demo.plans import Correction, Leg
from demo.schedule import Actor, Chain, Said, after, identifier, workday
from shared.time import add_months

CHANNELS = ("TELEPHONE", "TELEPHONE", "TELEPHONE", "SMS", "RENCONTRE", "COURRIEL")
DENIALS = ("OBJECTIF_ATTEINT", "AUTRE_DISPOSITIF", "SANS_ADHESION")


def follow(chain: Chain, coach: Actor, person: str, leg: Leg, rank: int, exit_on: date) -> Iterator[Said]:
    """In order: what is corrected or neutralised comes where it falls between the two follow-ups."""
    if leg.neutralised_on:
        yield chain.say("NeutraliseExit", leg.neutralised_on, COORDINATOR, person=person, reason="DEMENAGEMENT")
        return
    if not leg.renewed_on and chain.rng.random() < 0.07:
        yield deny(chain, after(chain.rng, exit_on, 12, 40), person)
    yield from news(chain, coach, person, leg, rank, "M3", add_months(exit_on, 3))
    if leg.correction:
        yield from correct(chain, coach, person, rank, leg.correction)
        exit_on = leg.correction.exit_on
    yield from news(chain, coach, person, leg, rank, "M6", add_months(exit_on, 6))


def news(chain: Chain, coach: Actor, person: str, leg: Leg, rank: int, milestone: str, due_on: date) -> Iterator[Said]:
    rng, one = chain.rng, {"person": person, "rank": rank, "milestone": milestone}
    day = workday(due_on + timedelta(days=rng.randint(-9, 8)))
    if leg.renewed_on and day + timedelta(days=14) >= leg.renewed_on:
        return  # the person is coached again before anybody needs to ask
    reached = rng.random() < (0.78 if leg.qualities else 0.5)
    for _ in range(rng.choice((0, 0, 0, 1)) if reached else rng.randint(1, 3)):
        yield chain.say("RecordUnreachable", day, coach, **one)
        day = after(rng, day, 3, 7)
    if reached:
        yield chain.say("CompleteFollowUp", day, coach, **one, **situation(chain, leg), channel=rng.choice(CHANNELS))


def situation(chain: Chain, leg: Leg) -> dict[str, str | bool]:
    if not leg.qualities or chain.rng.random() > 0.82:
        return {"situation": chain.rng.choice(("RECHERCHE", "RECHERCHE", "INACTIF", "AUTRE")), "still_in_outcome": False}
    study = leg.qualities[-1].startswith(("FORMATION", "SCOLARITE"))
    return {"situation": "FORMATION" if study else "EMPLOI", "still_in_outcome": True}


def correct(chain: Chain, coach: Actor, person: str, rank: int, correction: Correction) -> Iterator[Said]:
    outcome = str(identifier(person, "outcome", rank, "corrected"))
    name, data = command(chain, correction.quality)
    yield chain.learn(correction.on, name, correction.found_on, coach, person=person, outcome=outcome, **data)
    said = {"exit_on": correction.exit_on.isoformat(), "reason": "OUTCOME", "outcomes": [outcome], "why": "JUSTIFICATIF"}
    yield chain.say("CorrectExit", correction.on, coach, person=person, **said)


def deny(chain: Chain, day: date, person: str) -> Said:
    reason = chain.rng.choice(DENIALS)
    return chain.say(
        "DenyRenewal", day, COORDINATOR, person=person, reason=reason, proposed_action="Relais vers un partenaire du territoire"
    )


def renew(chain: Chain, coach: Actor, person: str, granted_on: date, opened_on: date) -> Iterator[Said]:
    yield chain.say("GrantRenewal", granted_on, COORDINATOR, person=person)
    yield chain.say("OpenJourney", opened_on, coach, person=person, referent=coach["id"])
