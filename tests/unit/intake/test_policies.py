"""What intake asks of itself when a journey opens or a partner accepts."""

from datetime import date
from typing import Any

import msgspec
import pytest

from services.intake.person import CloseContact, StartCoaching
from services.intake.policies import POLICIES
from services.intake.schemas import SCHEMAS
from shared.message import encode
from shared.policy import Policy
from shared.validation import FILLED_IN, CommandParser
from tests.unit.coaching.stage import Stage
from tests.unit.intake.test_person import CLOSE, DESTROY, IDENTIFY, MERGE, START, person

COACHED, REDIRECTED = POLICIES
DAY = date(2023, 3, 1)


def asked(policy: Policy, event: dict[str, Any]) -> Any:
    data = policy.given(msgspec.json.decode(encode(event), type=policy.reads))
    assert data is not None
    return CommandParser(policy.asks).command(data, {"on": DAY})


def test_an_opened_journey_starts_coaching_of_its_rank() -> None:
    opened = {"person": "p-1", "rank": 2, "orientation": None, "territory": "alencon", "on": "2023-03-01"}
    assert COACHED.on == "coaching.JourneyOpened"
    assert asked(COACHED, opened) == StartCoaching("p-1", 2, DAY)


def test_an_accepted_referral_closes_the_contact() -> None:
    accepted = {"person": "p-1", "referral": "r-1", "partner": "greta-orne", "on": "2023-03-01"}
    assert REDIRECTED.on == "referrals.ReferralAccepted"
    assert asked(REDIRECTED, accepted) == CloseContact("p-1", "REORIENTE", DAY)


@pytest.mark.parametrize("given", [person(), person(START), person(IDENTIFY, START), person(IDENTIFY, CLOSE)])
def test_whoever_cannot_be_closed_is_left_as_they_are(given: Stage) -> None:
    tolerated(REDIRECTED, CLOSE, given)


@pytest.mark.parametrize("given", [person(IDENTIFY, START), person(IDENTIFY, MERGE), person(IDENTIFY, DESTROY)])
def test_whoever_is_coached_already_or_gone_is_left_as_they_are(given: Stage) -> None:
    tolerated(COACHED, START, given)


def tolerated(policy: Policy, command: Any, given: Stage) -> None:
    for code in policy.tolerates:
        try:
            given.refuses(command, code)
        except AssertionError:
            continue
        return
    pytest.fail("this refusal is not tolerated")


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_nobody_sends_what_the_shell_fills_in(name: str) -> None:
    assert not FILLED_IN & set(SCHEMAS[name]().fields)


def test_every_command_of_intake_has_a_door() -> None:
    assert len(SCHEMAS) == 12
