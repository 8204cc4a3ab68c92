"""What the service asks by itself, through the same door and the same rules as anybody."""

from datetime import date
from typing import Any

import msgspec
import pytest

from services.coaching.follow_up import ScheduleFollowUps
from services.coaching.journey import OpenJourney
from services.coaching.policies import POLICIES
from shared.errors import Refused
from shared.message import encode
from shared.policy import Policy
from shared.validation import CommandParser
from tests.unit.coaching.stage import AGAIN, EXIT, GRANT, JOB, Stage, day, journey, left, opened

OPENS, SCHEDULES = POLICIES
ACCEPTED = {"orientation": "o-1", "person": "p-1", "prescriber": "ft", "referent": "coach-1", "on": "2023-01-10"}
CONTEXT = {"on": date(2023, 12, 1), "territory": "alencon"}


def asked(policy: Policy, event: Any) -> Any:
    """The command that a recorded event leads to."""
    data = policy.given(msgspec.json.decode(encode(event), type=policy.reads))
    assert data is not None
    return CommandParser(policy.asks).command(data, CONTEXT)


def test_an_accepted_orientation_opens_a_journey_with_the_referent_it_names() -> None:
    command = asked(OPENS, ACCEPTED)
    assert command == OpenJourney(person="p-1", referent="coach-1", orientation="o-1", on=date(2023, 12, 1), territory="alencon")
    assert len(journey().when(command)) == 2


def test_an_exit_schedules_its_follow_ups() -> None:
    (event,) = opened(JOB).when(EXIT)
    command = asked(SCHEDULES, event)
    assert command == ScheduleFollowUps(person="p-1", rank=1, exit_on=day("2023-11-30"), on=date(2023, 12, 1))
    assert len(left().when(command)) == 2


def test_policies_listen_to_the_right_events_and_have_names_of_their_own() -> None:
    assert [policy.on for policy in POLICIES] == ["intake.OrientationAccepted", "coaching.JourneyExited"]
    assert len({policy.name for policy in POLICIES}) == len(POLICIES)


def exit_event() -> Any:
    return opened(JOB).when(EXIT)[0]


@pytest.mark.parametrize(
    ("policy", "event", "state"),
    [
        (OPENS, ACCEPTED, opened()),
        (SCHEDULES, exit_event(), left(asked(SCHEDULES, exit_event()))),
        (SCHEDULES, exit_event(), left(GRANT, AGAIN)),
    ],
)
def test_what_is_so_already_is_tolerated(policy: Policy, event: Any, state: Stage) -> None:
    with pytest.raises(Refused) as refusal:
        state.when(asked(policy, event))
    assert refusal.value.code in policy.tolerates


def test_every_other_refusal_is_heard() -> None:
    """A former participant who is sent again needs a renewal: somebody must see that, so it is not tolerated."""
    assert OPENS.tolerates == {"journey_already_open"}
    left().refuses(asked(OPENS, ACCEPTED), "renewal_not_granted")
