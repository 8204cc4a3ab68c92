"""The door of the service: each command has one, and it says every fault at once."""

from typing import Any

import pytest

from services.coaching.catalogue import DECIDERS
from services.coaching.outcomes import FindJob
from services.coaching.schemas import SCHEMAS
from services.coaching.survey import AnswerSurvey
from shared.errors import Invalid
from shared.validation import FILLED_IN, CommandParser


def test_every_command_has_a_schema_and_every_name_is_used_once() -> None:
    names = [command.__name__ for decider in DECIDERS for command in decider.commands]
    assert sorted(SCHEMAS) == sorted(names)
    assert len(names) == len(set(names)) == 31


def test_no_two_events_of_the_service_share_a_name() -> None:
    names = [event.__name__ for decider in DECIDERS for event in decider.events]
    assert len(names) == len(set(names)) == 33


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_nobody_sends_what_the_shell_fills_in(name: str) -> None:
    assert not FILLED_IN & set(SCHEMAS[name]().fields)


def faults(command: type[Any], data: dict[str, Any]) -> set[str]:
    with pytest.raises(Invalid) as refusal:
        CommandParser(command).command(data, {})
    return set(refusal.value.faults)


def test_every_fault_of_a_job_is_said_at_once() -> None:
    bad = {"person": "", "outcome": "x" * 65, "contract": "STAGE", "months": 0, "weekly_hours": 61, "rome": "k1302", "evidence": None}
    assert faults(FindJob, bad) == {"person", "outcome", "contract", "months", "weekly_hours", "rome", "evidence"}


@pytest.mark.parametrize("rating", [0, 6, 4.5, "4", True])
def test_a_rating_is_a_whole_number_from_1_to_5(rating: Any) -> None:
    good = {"token": "t", "satisfied": True, "domains": [], "wellbeing": True, "wants_continuation": True}
    assert faults(AnswerSurvey, {**good, "rating": rating}) == {"rating"}
