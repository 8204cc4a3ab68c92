"""Laws of coaching that hold for any commands, in any order, and are no state machine."""

from functools import reduce
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.coaching import (
    attendance,
    equipment,
    exits,
    follow_up,
    handover,
    journey,
    opening,
    outcomes,
    progress,
    renewal,
    survey,
    workshop,
)
from shared.errors import Refused
from tests.harness.specification import stored
from tests.unit.coaching.commands import ONE_OF, any_of


def answers_to(commands: list[Any]) -> list[Any]:
    state, history = survey.decider.initial, list[Any]()
    for command in commands:
        try:
            events = stored(survey.decider, survey.decider.decide(state, command))
        except Refused:
            continue
        history += events
        state = reduce(survey.decider.evolve, events, state)
    return history


TICKETS = [f"EXIT.2023-08.alencon.{number * 32}.{'f' * 32}" for number in "01"]


@given(st.lists(any_of(survey.Command, token=ONE_OF(TICKETS)), max_size=10))
def test_at_most_one_answer_per_ticket_and_no_ticket_in_it(commands: list[Any]) -> None:
    for token in TICKETS:
        answers = answers_to([command for command in commands if command.token == token])
        assert len(answers) <= 1
        assert all(token.split(".")[3] not in str(answer) for answer in answers)


MODULES = [attendance, journey, workshop, equipment, survey, opening, handover, progress, outcomes, exits, follow_up, renewal]


@pytest.mark.parametrize("module", MODULES)
def test_every_event_has_its_day(module: Any) -> None:
    assert all("on" in event.__struct_fields__ for event in get_args(module.Event) or (module.Event,))
