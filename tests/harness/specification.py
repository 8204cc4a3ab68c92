"""Given events, when a command, then events: the specification of an aggregate, without a log, a broker or a clock.

    given(decider, JourneyOpened(...), ReferentAssigned(...))
    .when(ExitJourney(...))
    .then(JourneyExited(...))

`given` takes the history that a real stream would hold. Every event goes through its encoding and back, as in a log.
"""

from collections.abc import Sequence
from functools import reduce
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from services.vocabulary.person_standing import NOBODY
from shared.command_fields import FilledIn, filled_in_by_handler
from shared.decider import Decider
from shared.errors import Refused
from tests.harness.persons import MET


class Given:
    """A stream of an aggregate, with its history."""

    def __init__(self, decider: Decider[Any, Any, Any], events: Sequence[Any]) -> None:
        self.decider = decider
        self.history = stored(decider, events)
        self.state = reduce(decider.evolve, self.history, decider.initial)

    def when(self, command: Any, *, met: bool = True) -> "When":
        """A command about a person who was met (`tests.harness.persons.MET`), unless it says otherwise or they were not `met`."""
        return When(self, about_somebody_met(command) if met else command)


class When:
    """A command on a given history; nothing is decided until the outcome is asked for."""

    def __init__(self, given: Given, command: Any) -> None:
        self.given = given
        self.command = command

    def events(self) -> list[Any]:
        """The events that the aggregate decides on: at least one, for a command that changes nothing is refused."""
        events = self.given.decider.decide(self.given.state, self.command)
        assert events, "a decision without events must be a refusal"
        return stored(self.given.decider, events)

    def then(self, *events: Any) -> Given:
        """The decision is exactly these events. Returns the stream with them, so that a story can go on."""
        assert self.events() == list(events)
        return self.given_with(events)

    def then_some(self, kind: type[Any]) -> Given:
        """The decision has an event of this kind, and whatever else follows."""
        events = self.events()
        assert any(isinstance(event, kind) for event in events), events
        return self.given_with(events)

    def then_refused(self, code: str) -> Given:
        """The rules refuse the command with this code, and the stream is as before."""
        with pytest.raises(Refused) as refusal:
            self.given.decider.decide(self.given.state, self.command)
        assert refusal.value.code == code
        return self.given

    def given_with(self, events: Sequence[Any]) -> Given:
        return Given(self.given.decider, [*self.given.history, *events])


def given(decider: Decider[Any, Any, Any], *events: Any) -> Given:
    return Given(decider, events)


def about_somebody_met(command: Any) -> Any:
    """The command with the standings that the handler would fill in for somebody who was met."""
    asked_for = [name for name, what in filled_in_by_handler(type(command)).items() if what is FilledIn.STANDING]
    return replace(command, **{name: MET for name in asked_for if getattr(command, name) == NOBODY})


def stored(decider: Decider[Any, Any, Any], events: Sequence[Any]) -> list[Any]:
    """The events as a log gives them back."""
    decode = msgspec.json.Decoder(decider.events).decode
    back = [decode(msgspec.json.encode(event)) for event in events]
    assert back == list(events)
    return back
