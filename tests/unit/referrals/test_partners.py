"""The directory of partners, the loop to the prescriber, and what referrals does by itself."""

from datetime import date
from typing import Any

import msgspec
import pytest
from data_inclusion.schema.v1 import TypeService
from msgspec.structs import replace

from services.referrals import directory, prescriber_loop
from services.referrals.directory import ListPartner, PartnerListed
from services.referrals.policies import POLICIES
from services.referrals.prescriber_loop import InformPrescriber, PrescriberInformed
from services.referrals.referral import WithdrawOpenReferrals
from services.referrals.schemas import SCHEMAS
from shared.message import encode
from shared.policy import Policy
from shared.validation import FILLED_IN, CommandParser
from tests.unit.coaching.stage import Stage

DAY = date(2023, 3, 1)
LIST = ListPartner("greta-orne", "Greta de l’Orne", ["formation"], DAY, "alencon")
TELL = InformPrescriber("o-1", "ACCEPTED", DAY, "ml-alencon")
TELL_EXIT = InformPrescriber("o-1", "EXITED", DAY)
ACCEPTED, EXITED, WITHDRAWN = POLICIES


def test_a_partner_is_listed_once_in_each_territory() -> None:
    listed = Stage(directory.decider)
    assert listed.when(LIST) == [PartnerListed("greta-orne", "Greta de l’Orne", ["formation"], "alencon", DAY)]
    listed.refuses(LIST, "partner_already_listed")
    assert listed.when(replace(LIST, territory="flers"))
    assert directory.decider.stream(LIST) == "partner-greta-orne"


def test_services_are_types_of_data_inclusion() -> None:
    listed = Stage(directory.decider)
    listed.refuses(replace(LIST, services=["magie"]), "unknown_service")
    assert listed.when(replace(LIST, services=[kind.value for kind in TypeService]))


def test_a_prescriber_is_told_once_at_each_milestone() -> None:
    loop = Stage(prescriber_loop.decider)
    assert loop.when(TELL) == [PrescriberInformed("o-1", "ml-alencon", "ACCEPTED", DAY)]
    loop.refuses(TELL, "prescriber_already_informed")
    assert loop.when(TELL_EXIT) == [PrescriberInformed("o-1", "ml-alencon", "EXITED", DAY)]
    loop.refuses(TELL_EXIT, "prescriber_already_informed")
    assert prescriber_loop.decider.stream(TELL) == "loop-o-1"


def test_nobody_is_told_when_nobody_asked() -> None:
    Stage(prescriber_loop.decider).refuses(TELL_EXIT, "prescriber_unknown")


def asked(policy: Policy, event: dict[str, Any]) -> Any:
    data = policy.given(msgspec.json.decode(encode(event), type=policy.reads))
    return data and CommandParser(policy.asks).command(data, {"on": DAY})


def test_an_accepted_orientation_tells_its_prescriber() -> None:
    event = {"orientation": "o-1", "person": "p-1", "prescriber": "ml-alencon", "referent": "coach-1", "on": "2023-03-01"}
    assert ACCEPTED.on == "intake.OrientationAccepted"
    assert asked(ACCEPTED, event) == TELL


def test_an_exit_tells_the_prescriber_when_there_is_one_and_withdraws_what_waits() -> None:
    event = {"person": "p-1", "rank": 1, "orientation": "o-1", "on": "2023-03-01"}
    assert EXITED.on == WITHDRAWN.on == "coaching.JourneyExited"
    assert asked(EXITED, event) == TELL_EXIT
    assert asked(EXITED, {**event, "orientation": None}) is None
    assert asked(WITHDRAWN, event) == WithdrawOpenReferrals("p-1", "SORTIE", DAY)


def test_what_is_so_already_is_no_failure() -> None:
    assert "prescriber_already_informed" in ACCEPTED.tolerates & EXITED.tolerates
    assert "prescriber_unknown" in EXITED.tolerates
    assert WITHDRAWN.tolerates == {"no_open_referral"}


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_nobody_sends_what_the_shell_fills_in(name: str) -> None:
    assert not FILLED_IN & set(SCHEMAS[name]().fields)


def test_every_command_of_referrals_has_a_door() -> None:
    assert len(SCHEMAS) == 9
