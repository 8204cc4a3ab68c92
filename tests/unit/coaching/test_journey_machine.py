"""Any commands about one person, in any order, on their day or long after it."""

from datetime import date
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule
from msgspec.structs import replace

from services.coaching import exits, follow_up, handover, journey, opening, outcomes, progress, renewal
from services.coaching.coded_values import CorrectionReason, ExitReason, NeutralReason
from services.vocabulary.thematiques import LABELS
from tests.harness.aggregate_machine import AggregateMachine
from tests.unit.coaching.commands import ONE_OF, any_of
from tests.unit.coaching.journey_model import JourneysModel

PERSON = {"person": st.just("p-1")}
DAYS_AGO = ONE_OF([0, 0, 0, 1, 5, 20, 60, 150])
REASONS = ONE_OF([ExitReason.ABANDON, ExitReason.OUTCOME, ExitReason.OUTCOME, *ExitReason])
NEUTRAL_REASONS = ONE_OF([NeutralReason.DEMENAGEMENT, NeutralReason.SANTE_LONGUE, *NeutralReason])


class JourneyMachine(AggregateMachine):
    decider = journey.decider

    def __init__(self) -> None:
        super().__init__()
        self.model = JourneysModel()

    def take(self, command: Any, days_ago: int = 0) -> None:
        for event in self.give(command, days_ago):
            self.model.apply(event)

    @property
    def exited(self) -> bool:
        return bool(self.model.ranks) and self.model.ranks[-1].exit_on is not None

    @property
    def endings(self) -> int:
        """How many journeys have ended."""
        return sum(rank.exit_on is not None for rank in self.model.ranks)

    @property
    def under_way(self) -> bool:
        return bool(self.model.ranks) and not self.exited

    @precondition(lambda self: not self.under_way and not self.model.dead)
    @rule(command=any_of(opening.OpenJourney, **PERSON), grant=any_of(renewal.GrantRenewal, **PERSON))
    def commit(self, command: Any, grant: Any) -> None:
        if self.exited:
            self.take(grant)
        self.take(command)

    @precondition(lambda self: self.under_way)
    @rule(command=any_of(progress.Command | outcomes.Command | handover.Command, **PERSON), days_ago=DAYS_AGO)
    def go_on(self, command: Any, days_ago: int) -> None:
        self.take(command, days_ago)

    @precondition(lambda self: self.under_way)
    @rule(days_ago=DAYS_AGO, lifted_ago=DAYS_AGO)
    def meet_a_barrier(self, days_ago: int, lifted_ago: int) -> None:
        on = self.today
        self.take(progress.IdentifyBarrier(person="p-1", thematique=min(LABELS), on=on), days_ago)
        self.take(progress.LiftBarrier(person="p-1", thematique=min(LABELS), on=on), lifted_ago)

    @precondition(lambda self: self.under_way)
    @rule(reason=REASONS, days_ago=DAYS_AGO, scheduled=ONE_OF([True, True, False]))
    def leave(self, reason: ExitReason, days_ago: int, scheduled: bool) -> None:
        rank, exit_on = len(self.model.ranks), self.days_ago(days_ago)
        territory = self.model.ranks[-1].territory
        self.take(exits.ExitJourney(**self.statement(rank, reason, exit_on), territory=territory))
        if scheduled:
            self.take(follow_up.ScheduleFollowUps(person="p-1", rank=rank, exit_on=exit_on, on=exit_on))

    @precondition(lambda self: self.endings)
    @rule(reason=REASONS, days_ago=DAYS_AGO, why=ONE_OF(list(CorrectionReason)), last=ONE_OF([True, False]))
    def correct(self, reason: ExitReason, days_ago: int, why: CorrectionReason, last: bool) -> None:
        rank = self.endings if last else 1
        command = exits.CorrectExit(**self.statement(rank, reason, self.days_ago(days_ago)), rank=rank, why=why)
        self.take(command)

    def statement(self, rank: int, reason: ExitReason, exit_on: date) -> dict[str, Any]:
        """An exit that names an outcome of the journey if it has one and the reason asks for it."""
        reached = sorted(self.model.ranks[rank - 1].outcomes)
        reason = reason if reached or reason is not ExitReason.OUTCOME else ExitReason.ABANDON
        named = reached[:1] if reason is ExitReason.OUTCOME else []
        return {"person": "p-1", "exit_on": exit_on, "reason": reason, "outcomes": named, "on": exit_on}

    @precondition(lambda self: self.endings)
    @rule(command=any_of(exits.NeutraliseExit | exits.LiftNeutralisation, **PERSON, reason=NEUTRAL_REASONS))
    def neutralise(self, command: Any) -> None:
        self.take(command)

    @precondition(lambda self: any(rank.neutralised for rank in self.model.ranks))
    @rule(why=ONE_OF(list(CorrectionReason)))
    def restore(self, why: CorrectionReason) -> None:
        rank = next(number for number, rank in enumerate(self.model.ranks, 1) if rank.neutralised)
        self.take(exits.LiftNeutralisation(person="p-1", rank=rank, why=why, on=self.today))

    @precondition(lambda self: any(rank.to_do for rank in self.model.ranks))
    @rule(command=any_of(follow_up.Attempt, **PERSON), days_ago=ONE_OF([0, 1, 5]))
    def try_to_reach(self, command: Any, days_ago: int) -> None:
        """At the time of a follow-up, or late."""
        rank, journey = next((number, each) for number, each in enumerate(self.model.ranks, 1) if each.to_do)
        milestone, due_on = next(iter(journey.to_do.items()))
        self.today = max(self.today, due_on)
        self.take(replace(command, rank=rank, milestone=milestone), days_ago)

    @precondition(lambda self: self.exited)
    @rule(command=any_of(follow_up.Command | outcomes.Command, **PERSON), days_ago=DAYS_AGO)
    def follow(self, command: Any, days_ago: int) -> None:
        self.take(command, days_ago)

    @rule(command=any_of(journey.Command, **PERSON), days_ago=DAYS_AGO)
    def do_anything(self, command: Any, days_ago: int) -> None:
        self.take(command, days_ago)

    @invariant()
    def the_invariants_hold(self) -> None:
        self.model.check(self.today)


TestJourney = JourneyMachine.TestCase
TestJourney.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
