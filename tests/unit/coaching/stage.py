"""Given / when / then over a decider: no store, no broker, no clock."""

from collections.abc import Sequence
from datetime import date
from functools import reduce
from typing import Any

import pytest

from services.coaching.exits import ExitJourney
from services.coaching.journey import OpenJourney, decider
from services.coaching.outcomes import FindJob
from services.coaching.renewal import GrantRenewal
from shared.decider import Decider
from shared.errors import Refused
from shared.message import encode


def day(text: str) -> date:
    return date.fromisoformat(text)


class Stage:
    """A stream in memory: commands that were accepted, one after the other."""

    def __init__(self, decider: Decider[Any, Any, Any], given: Sequence[Any] = ()) -> None:
        self.decider = decider
        self.state = decider.initial
        self.events: list[Any] = []
        for command in given:
            self.when(command)

    def when(self, command: Any) -> list[Any]:
        """What follows; every event also goes to the log and back, as in the real stream."""
        events = self.decider.decide(self.state, command)
        assert events, "a decision that changes nothing is a refusal"
        kept = [self.decider.decoder.decode(encode(event)) for event in events]
        assert kept == events
        self.state = reduce(self.decider.evolve, kept, self.state)
        self.events += kept
        return kept

    def refuses(self, command: Any, code: str) -> None:
        """The rules refuse it under this code, and say why."""
        with pytest.raises(Refused) as refusal:
            self.decider.decide(self.state, command)
        assert refusal.value.code == code
        assert refusal.value.why.endswith(".")


OPEN = OpenJourney(person="p-1", referent="coach-1", orientation="o-1", on=day("2023-01-10"), territory="alencon")
JOB = FindJob(
    person="p-1", outcome="job-1", contract="CDD", months=6, weekly_hours=35, rome="K1302", evidence="CONTRAT", on=day("2023-05-02")
)
EXIT = ExitJourney(
    person="p-1",
    exit_on=day("2023-11-30"),
    reason="OUTCOME",
    outcomes=["job-1"],
    on=day("2023-12-01"),
    recorded_on=day("2023-12-04"),
    territory="alencon",
)
GRANT = GrantRenewal(person="p-1", on=day("2023-12-10"))
AGAIN = OpenJourney(person="p-1", referent="coach-2", on=day("2024-01-05"), territory="flers")


def journey(*given: Any) -> Stage:
    return Stage(decider, given)


def opened(*more: Any) -> Stage:
    return journey(OPEN, *more)


def left(*more: Any) -> Stage:
    return journey(OPEN, JOB, EXIT, *more)
