"""A journey from its opening to its exit: interviews, barriers, a change of referent, a move, a referral taken back, outcomes."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from typing import Any

from demo.actors import COORDINATOR, Partner, Town
from demo.outcomes import reach
from demo.plans import Leg, Plan
from demo.referrals import send
from demo.schedule import Actor, Chain, Said, after, identifier, workday

BARRIERS = (
    "mobilite--preparer-un-permis",
    "mobilite--acceder-a-un-vehicule",
    "famille--garde-denfants",
    "logement-hebergement--louer-un-logement",
    "sante--acces-aux-soins",
    "sante--sante-mentale",
    "remobilisation--bien-etre-confiance-en-soi",
    "numerique--maitriser-les-fondamentaux-du-numerique",
    "numerique--acquerir-un-equipement",
    "lecture-ecriture-calcul--maitriser-le-francais",
    "difficultes-financieres--situation-dendettement-surendettement",
    "difficultes-administratives-ou-juridiques--accompagnement-pour-lacces-aux-droits",
)
MODES = ("PRESENTIEL", "PRESENTIEL", "PRESENTIEL", "TELEPHONE", "TELEPHONE", "DOMICILE", "VISIO")

Step = Callable[[date], Iterator[Said]]
Entry = tuple[date, Step]


class Coaching:
    """One journey being told: where it is followed, and by whom, may change on the way."""

    def __init__(self, chain: Chain, towns: dict[str, Town], town: Town, plan: Plan, coach: Actor) -> None:
        self.chain = chain
        self.rng = chain.rng
        self.towns = towns
        self.town = town
        self.person = str(plan.person)
        self.coach = coach

    def told(self, leg: Leg, rank: int, end: date) -> Iterator[Said]:
        """From the day of the opening, itself already told, to the exit or the end of the history."""
        self.town.open.add(self.person)
        agenda = self.agenda(leg, rank, leg.exit_on or end)
        while agenda:  # what is told is forgotten: many are on their way at once
            day, step = agenda.pop()
            yield from step(day)
        if leg.exit_on:
            yield self.exit(leg, rank, leg.exit_on)
            self.town.open.remove(self.person)

    def agenda(self, leg: Leg, rank: int, until: date) -> list[Entry]:
        """What is to come, the last first."""
        along = [*self.interviews(leg.opened_on, until), *self.barriers(leg.opened_on, until), *self.changes(leg, rank, until)]
        reached = self.outcomes(leg, rank, leg.exit_on) if leg.exit_on else ()
        entries = sorted((entry for entry in (*along, *reached) if entry[0] <= until), key=lambda entry: entry[0])
        return entries[::-1]

    def interviews(self, opened_on: date, until: date) -> Iterator[Entry]:
        day = opened_on
        while day <= until:
            yield day, self.does("HoldInterview", mode=self.rng.choice(MODES), minutes=self.rng.choice((20, 30, 30, 45, 45, 60, 60, 90)))
            summer = 21 if day.month in (7, 8) else 0
            day = after(self.rng, day, 9 + summer // 2, 30 + summer)

    def barriers(self, opened_on: date, until: date) -> Iterator[Entry]:
        found = self.rng.sample(BARRIERS, self.rng.randint(1, 4))
        constraints = dict.fromkeys(found, "OUI") | {"logement-hebergement--se-maintenir-dans-le-logement": "NON_ABORDEE"}
        yield after(self.rng, opened_on, 4, 18), self.does("CompleteDiagnostic", constraints=constraints)
        for thematique in found:
            day = after(self.rng, opened_on, 18, 75)
            lifted_on = after(self.rng, day, 25, 200)
            yield day, self.does("IdentifyBarrier", thematique=thematique)
            if self.rng.random() < 0.8:
                yield lifted_on, self.does("LiftBarrier", thematique=thematique)

    def changes(self, leg: Leg, rank: int, until: date) -> Iterator[Entry]:
        chance = self.rng.random()
        if leg.moved_on and leg.moved_to:
            yield leg.moved_on, partial(self.move, self.towns[leg.moved_to])
        elif chance < 0.07:
            reason = self.rng.choice(("ABSENCE", "DEPART", "DEMANDE"))
            yield after(self.rng, leg.opened_on, 40, 150), partial(self.hand_over, reason)
        elif chance < 0.15:
            yield from self.partner_tried(leg, rank, until)

    def partner_tried(self, leg: Leg, rank: int, until: date) -> Iterator[Entry]:
        """A coached person stands on no referral: this one is taken back, by the coach or by the exit."""
        sent_on = after(self.rng, leg.opened_on, 20, 70)
        if sent_on > until - timedelta(days=30):
            return
        one = {"person": self.person, "referral": str(identifier(self.person, "referral", rank))}
        partner = self.rng.choice(self.town.partners)
        yield sent_on, partial(self.send, one, partner)
        if self.rng.random() < 0.6:
            yield workday(sent_on + timedelta(days=1)), partial(self.seen, one, partner)
        if not leg.exit_on or self.rng.random() < 0.5:
            yield after(self.rng, sent_on, 5, 20), self.does("WithdrawReferral", referral=one["referral"], reason="DEMANDE")

    def outcomes(self, leg: Leg, rank: int, exit_on: date) -> Iterator[Entry]:
        """The outcomes of this journey, weeks apart, the last of them days before the exit."""
        for number, quality in enumerate(leg.qualities, 1):
            lead = 40 * (len(leg.qualities) - number) + self.rng.randint(1, 9)
            yield exit_on - timedelta(days=lead), partial(self.reach, self.outcome(rank, number), quality)

    def outcome(self, rank: int, number: int) -> str:
        return str(identifier(self.person, "outcome", rank, number))

    def exit(self, leg: Leg, rank: int, exit_on: date) -> Said:
        outcomes = [self.outcome(rank, number) for number in range(1, len(leg.qualities) + 1)]
        data = {"person": self.person, "exit_on": exit_on.isoformat(), "reason": leg.reason, "outcomes": outcomes}
        if leg.known_on:
            return self.chain.learn(leg.known_on, "ExitJourney", exit_on, self.coach, **data)
        return self.chain.say("ExitJourney", exit_on, self.coach, **data)

    # Steps -------------------------------------------------------------------------------------------------------

    def does(self, name: str, **data: Any) -> Step:
        return partial(self.done, name, data)

    def done(self, name: str, data: dict[str, Any], day: date) -> Iterator[Said]:
        yield self.chain.say(name, day, self.coach, person=self.person, **data)

    def reach(self, outcome: str, quality: str, day: date) -> Iterator[Said]:
        yield reach(self.chain, day, self.coach, self.person, outcome, quality)

    def send(self, one: dict[str, str], partner: Partner, day: date) -> Iterator[Said]:
        yield send(self.chain, day, self.coach, one, partner)

    def seen(self, one: dict[str, str], partner: Partner, day: date) -> Iterator[Said]:
        yield self.chain.say("SeeReferral", day, partner.actor, **one)

    def move(self, town: Town, day: date) -> Iterator[Said]:
        yield self.chain.say("TransferJourney", day, self.coach, person=self.person, to_territory=town.id)
        self.town.open.remove(self.person)
        self.chain.territory, self.town = town.id, town
        town.open.add(self.person)
        yield from self.hand_over("TERRITOIRE", day)

    def hand_over(self, reason: str, day: date) -> Iterator[Said]:
        self.coach = self.rng.choice([known for known in self.town.coaches if known is not self.coach])
        yield self.chain.say("ReplaceReferent", day, COORDINATOR, person=self.person, referent=self.coach["id"], reason=reason)
