"""Commands of one journey, from its opening to its exit: interviews, barriers, outcomes, and what may change on the way.

How it works: the events of a journey are drawn as an agenda of dated tasks, sorted by day. A task is run when its day comes, because its
command depends on what changed before it: the town after a move, the coach after a replacement.
"""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from typing import Any

from demo.actors import COORDINATOR, Partner, Town
from demo.command_lines import Actor, CommandSequence, TimedLine, stable_id
from demo.dates import workday
from demo.draws import workday_after
from demo.outcomes import record_outcome
from demo.plans import JourneyPlan, PersonPlan
from demo.referrals import send_referral

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

Task = Callable[[date], Iterator[TimedLine]]
AgendaEntry = tuple[date, Task]


class Coaching:
    """The coaching of one person: the town and the coach are those of the next command."""

    def __init__(self, commands: CommandSequence, towns: dict[str, Town], town: Town, plan: PersonPlan, coach: Actor) -> None:
        self.commands = commands
        self.rng = commands.rng
        self.towns = towns
        self.town = town
        self.person = str(plan.person)
        self.coach = coach

    def journey(self, plan: JourneyPlan, rank: int, end: date) -> Iterator[TimedLine]:
        """The commands after the opening, up to the exit or to `end`, the last day of the history."""
        self.town.open_journeys.add(self.person)
        agenda = self.agenda(plan, rank, plan.exit_on or end)
        while agenda:  # an entry is dropped when it runs, since many journeys are in memory at once
            day, task = agenda.pop()
            yield from task(day)
        if plan.exit_on:
            yield self.exit_journey(plan, rank, plan.exit_on)
            self.town.open_journeys.remove(self.person)

    def agenda(self, plan: JourneyPlan, rank: int, until: date) -> list[AgendaEntry]:
        """The tasks up to `until`, the last one first."""
        during = [*self.interviews(plan, until), *self.barriers(plan), *self.changes(plan, rank, until)]
        outcomes = self.outcomes(plan, rank, plan.exit_on) if plan.exit_on else ()
        entries = sorted((entry for entry in (*during, *outcomes) if entry[0] <= until), key=lambda entry: entry[0])
        return entries[::-1]

    def interviews(self, plan: JourneyPlan, until: date) -> Iterator[AgendaEntry]:
        """One every 9 to 30 days, fewer in July and August."""
        day = plan.opened_on
        if plan.recorded_behind:
            yield day + timedelta(days=60), partial(self.hold_interview_known_late, day + timedelta(days=60 + self.rng.randint(20, 60)))
        while day <= until:
            yield day, self.task("HoldInterview", mode=self.rng.choice(MODES), minutes=self.rng.choice((20, 30, 30, 45, 45, 60, 60, 90)))
            summer = 21 if day.month in (7, 8) else 0
            day = workday_after(self.rng, day, 9 + summer // 2, 30 + summer)

    def barriers(self, plan: JourneyPlan) -> Iterator[AgendaEntry]:
        """A diagnostic, then one to four barriers, most of them lifted months later; the last one comes back in a relapse."""
        opened_on = plan.opened_on
        barriers = self.rng.sample(BARRIERS, self.rng.randint(1, 4))
        constraints = dict.fromkeys(barriers, "OUI") | {"logement-hebergement--se-maintenir-dans-le-logement": "NON_ABORDEE"}
        yield workday_after(self.rng, opened_on, 4, 18), self.task("CompleteDiagnostic", constraints=constraints)
        for thematique in barriers:
            day = workday_after(self.rng, opened_on, 18, 75)
            lifted_on = workday_after(self.rng, day, 25, 200)
            yield day, self.task("IdentifyBarrier", thematique=thematique)
            if self.rng.random() < 0.8:
                yield lifted_on, self.task("LiftBarrier", thematique=thematique)
                if plan.relapse and thematique == barriers[-1]:
                    yield workday_after(self.rng, lifted_on, 15, 90), self.task("IdentifyBarrier", thematique=thematique)

    def changes(self, plan: JourneyPlan, rank: int, until: date) -> Iterator[AgendaEntry]:
        """At most one change: the planned move, or a replacement of the coach, or a referral that is withdrawn."""
        chance = self.rng.random()
        if plan.moved_on and plan.moved_to:
            yield plan.moved_on, partial(self.move, self.towns[plan.moved_to])
        elif chance < 0.07:
            reason = self.rng.choice(("ABSENCE", "DEPART", "DEMANDE"))
            yield workday_after(self.rng, plan.opened_on, 40, 150), partial(self.replace_referent, reason)
        elif chance < 0.15:
            yield from self.withdrawn_referral(plan, rank, until)

    def withdrawn_referral(self, plan: JourneyPlan, rank: int, until: date) -> Iterator[AgendaEntry]:
        """A referral that is withdrawn, by the coach or by a policy at the exit, so that a person coached is not counted as redirected."""
        sent_on = workday_after(self.rng, plan.opened_on, 20, 70)
        if sent_on > until - timedelta(days=30):
            return
        ids = {"person": self.person, "referral": str(stable_id(self.person, "referral", rank))}
        partner = self.rng.choice(self.town.partners)
        yield sent_on, partial(self.send_referral, ids, partner)
        if self.rng.random() < 0.6:
            yield workday(sent_on + timedelta(days=1)), partial(self.see_referral, ids, partner)
        if not plan.exit_on or self.rng.random() < 0.5:
            yield workday_after(self.rng, sent_on, 5, 20), self.task("WithdrawReferral", referral=ids["referral"], reason="DEMANDE")

    def outcomes(self, plan: JourneyPlan, rank: int, exit_on: date) -> Iterator[AgendaEntry]:
        """The planned outcomes, 40 days apart or so, the last of them days before the exit."""
        for number, kind in enumerate(plan.outcome_kinds, 1):
            lead = 40 * (len(plan.outcome_kinds) - number) + self.rng.randint(1, 9)
            yield exit_on - timedelta(days=lead), partial(self.record_outcome, self.outcome_id(rank, number), kind)

    def outcome_id(self, rank: int, number: int) -> str:
        return str(stable_id(self.person, "outcome", rank, number))

    def exit_journey(self, plan: JourneyPlan, rank: int, exit_on: date) -> TimedLine:
        outcomes = [self.outcome_id(rank, number) for number in range(1, len(plan.outcome_kinds) + 1)]
        data = {"person": self.person, "exit_on": exit_on.isoformat(), "reason": plan.exit_reason, "outcomes": outcomes}
        if plan.exit_known_on:
            return self.commands.emit_late(plan.exit_known_on, "ExitJourney", exit_on, self.coach, **data)
        return self.commands.emit("ExitJourney", exit_on, self.coach, **data)

    # Tasks -------------------------------------------------------------------------------------------------------

    def task(self, name: str, **data: Any) -> Task:
        """A command by the coach of that day."""
        return partial(self.emit, name, data)

    def emit(self, name: str, data: dict[str, Any], day: date) -> Iterator[TimedLine]:
        yield self.commands.emit(name, day, self.coach, person=self.person, **data)

    def hold_interview_known_late(self, known_on: date, day: date) -> Iterator[TimedLine]:
        """An interview that is recorded weeks after it, and before the facts that follow."""
        yield self.commands.emit_late(known_on, "HoldInterview", day, self.coach, person=self.person, mode="PRESENTIEL", minutes=45)

    def record_outcome(self, outcome: str, kind: str, day: date) -> Iterator[TimedLine]:
        yield record_outcome(self.commands, day, self.coach, self.person, outcome, kind)

    def send_referral(self, ids: dict[str, str], partner: Partner, day: date) -> Iterator[TimedLine]:
        yield send_referral(self.commands, day, self.coach, ids, partner)

    def see_referral(self, ids: dict[str, str], partner: Partner, day: date) -> Iterator[TimedLine]:
        yield self.commands.emit("SeeReferral", day, partner.actor, **ids)

    def move(self, town: Town, day: date) -> Iterator[TimedLine]:
        """The transfer to another town, and a coach of that town."""
        yield self.commands.emit("TransferJourney", day, self.coach, person=self.person, to_territory=town.id)
        self.town.open_journeys.remove(self.person)
        self.commands.territory, self.town = town.id, town
        town.moved[self.person] = town
        town.open_journeys.add(self.person)
        yield from self.replace_referent("TERRITOIRE", day)

    def replace_referent(self, reason: str, day: date) -> Iterator[TimedLine]:
        self.coach = self.rng.choice([candidate for candidate in self.town.coaches if candidate is not self.coach])
        yield self.commands.emit("ReplaceReferent", day, COORDINATOR, person=self.person, referent=self.coach["id"], reason=reason)
