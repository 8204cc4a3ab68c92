"""The commands of intake as others see them: the fields that the handler fills in, and that no sender gives."""

from typing import Any

import pytest

from services.intake.description import DESCRIPTION
from services.intake.merging import MergePersons
from services.intake.orientation import AcceptOrientation, ReceiveOrientation
from services.intake.person import IdentifyPerson, TransferPerson
from services.vocabulary.french import VALIDATION
from shared.command_fields import FilledIn, filled_in_by_handler
from shared.errors import Invalid
from shared.validation import CommandParser

EVERY_COMMAND = pytest.mark.parametrize("command", DESCRIPTION.commands.values(), ids=DESCRIPTION.commands)


@EVERY_COMMAND
def test_the_handler_fills_in_the_day_the_territory_and_the_organisation_of_the_prescriber(command: type[Any]) -> None:
    """A prescriber that named its own organisation could send a person in the name of another."""
    filled_in = {"on": FilledIn.FACT_DATE}
    if command in {IdentifyPerson, TransferPerson, ReceiveOrientation, AcceptOrientation}:
        filled_in["territory"] = FilledIn.TERRITORY
    if command in {TransferPerson, ReceiveOrientation, AcceptOrientation}:
        filled_in["standing"] = FilledIn.STANDING
    if command is MergePersons:
        filled_in |= {"kept_standing": FilledIn.STANDING, "merged_standing": FilledIn.STANDING}
    if command is ReceiveOrientation:
        filled_in["organisation"] = FilledIn.ORGANISATION
    assert filled_in_by_handler(command) == filled_in


@EVERY_COMMAND
def test_a_field_that_the_handler_fills_in_is_a_fault_in_the_data(command: type[Any]) -> None:
    sent = dict.fromkeys(filled_in_by_handler(command), "2024-01-01")
    with pytest.raises(Invalid) as invalid:
        CommandParser(command, VALIDATION).validate(sent)
    assert {name: invalid.value.faults[name] for name in sent} == {name: [VALIDATION.unknown_field] for name in sent}
