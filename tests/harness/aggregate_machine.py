"""A Hypothesis state machine that gives commands to an aggregate, one after another, as the command handler would.

A machine draws commands and checks the events against a model of its own, which never reads the state of the aggregate. For every
command, whatever it is: nothing but `Refused` is raised, with a code that has a French text; a refusal and a decision leave the state as
it was; an accepted command has events, which are encoded, decoded and folded; and folding the whole stream again gives the same state.
"""

from datetime import date, timedelta
from functools import reduce
from typing import Any, ClassVar

from hypothesis import event as tally
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from msgspec.structs import replace

from services.bootstrap.registry import catalogue
from shared.decider import Decider
from shared.errors import Refused
from tests.harness.specification import about_somebody_met, stored

TEXTS = catalogue().texts
FIRST_DAY = date(2023, 8, 25)


class AggregateMachine(RuleBasedStateMachine):
    decider: ClassVar[Decider[Any, Any, Any]]

    def __init__(self) -> None:
        super().__init__()
        self.today = FIRST_DAY
        self.history: list[Any] = []
        self.state = self.decider.initial

    @rule(days=st.integers(0, 45))
    def wait(self, days: int) -> None:
        self.today += timedelta(days=days)

    def days_ago(self, days: int) -> date:
        return self.today - timedelta(days=days)

    def give(self, command: Any, days_ago: int = 0) -> list[Any]:
        """Decide a command about that many days ago, recorded today. Returns its events; none if it is refused."""
        dates = {"on": self.days_ago(days_ago)}
        command = about_somebody_met(command)
        command = replace(command, **{name: day for name, day in dates.items() if name in command.__struct_fields__})
        before = repr(self.state)
        decided = self.decide(command)
        assert repr(self.state) == before, "a decision changes no state"
        if isinstance(decided, Refused):
            tally(f"refused: {decided.code}")
            assert decided.code in TEXTS
            return []
        assert decided, "a decision without events must be a refusal"
        events = stored(self.decider, decided)
        self.history += events
        self.state = reduce(self.decider.evolve, events, self.state)
        for each in events:
            tally(f"recorded: {type(each).__name__}")
        return events

    def decide(self, command: Any) -> list[Any] | Refused:
        try:
            return self.decider.decide(self.state, command)
        except Refused as refusal:
            return refusal

    def teardown(self) -> None:
        assert reduce(self.decider.evolve, stored(self.decider, self.history), self.decider.initial) == self.state
