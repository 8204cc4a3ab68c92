"""The commands of referrals as others see them: the fields that the handler fills in, and that no sender gives."""

from typing import Any

import pytest

from services.referrals.answer_commands import AcceptReferral, CompleteReferral, DeclineReferral, SeeReferral
from services.referrals.description import DESCRIPTION
from services.referrals.partner import ListPartner
from services.referrals.referral import SendReferral
from services.vocabulary.french import VALIDATION
from shared.command_fields import FilledIn, filled_in_by_handler
from shared.errors import Invalid
from shared.validation import CommandParser

EVERY_COMMAND = pytest.mark.parametrize("command", DESCRIPTION.commands.values(), ids=DESCRIPTION.commands)
BY_THE_ADDRESSEE = {SeeReferral, AcceptReferral, DeclineReferral, CompleteReferral}


@EVERY_COMMAND
def test_the_handler_fills_in_the_day_the_actor_their_organisation_and_the_territory(command: type[Any]) -> None:
    """A partner that named its own organisation could answer the referrals of another."""
    filled_in = {"on": FilledIn.FACT_DATE}
    if command in BY_THE_ADDRESSEE:
        filled_in["organisation"] = FilledIn.ORGANISATION
    if command is SendReferral:
        filled_in |= {"by": FilledIn.ACTOR, "standing": FilledIn.STANDING, "listed": FilledIn.STANDING}
    if command in {ListPartner, SendReferral}:
        filled_in["territory"] = FilledIn.TERRITORY
    assert filled_in_by_handler(command) == filled_in


@EVERY_COMMAND
def test_a_field_that_the_handler_fills_in_is_a_fault_in_the_data(command: type[Any]) -> None:
    sent = dict.fromkeys(filled_in_by_handler(command), "2024-01-01")
    with pytest.raises(Invalid) as invalid:
        CommandParser(command, VALIDATION).validate(sent)
    assert {name: invalid.value.faults[name] for name in sent} == {name: [VALIDATION.unknown_field] for name in sent}
