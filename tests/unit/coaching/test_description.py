"""The commands and events of the service as others see them: names, validation, and the fields that the handler fills in."""

from typing import Any

import pytest

from services.coaching.attendance import AttendWorkshop
from services.coaching.description import DESCRIPTION
from services.coaching.equipment import LendEquipment
from services.coaching.exits import ExitJourney
from services.coaching.handover import TransferJourney
from services.coaching.opening import OpenJourney
from services.coaching.outcomes import FindJob
from services.coaching.progress import HoldInterview
from services.coaching.survey import AnswerSurvey
from services.coaching.survey_tickets import IssueSurveyTicket
from services.coaching.workshop import ScheduleWorkshop, TakeSeat
from services.vocabulary.french import VALIDATION
from shared.command_fields import FilledIn, filled_in_by_handler
from shared.errors import Invalid
from shared.validation import CommandParser
from tests.unit.coaching.test_survey import TICKET

EVERY_COMMAND = pytest.mark.parametrize("command", DESCRIPTION.commands.values(), ids=DESCRIPTION.commands)
ABOUT_SOMEBODY_MET = {OpenJourney, TakeSeat, AttendWorkshop, LendEquipment}
BY_TERRITORY = {OpenJourney, TransferJourney, ExitJourney, ScheduleWorkshop, IssueSurveyTicket, AnswerSurvey}


def test_every_name_of_a_command_is_used_once() -> None:
    declared = [command for aggregate in DESCRIPTION.aggregates for command in aggregate.command_types]
    assert len(declared) == len(DESCRIPTION.commands)


def test_every_name_of_an_event_is_used_once() -> None:
    declared = [event for aggregate in DESCRIPTION.aggregates for event in aggregate.event_types]
    assert len(declared) == len(DESCRIPTION.events)


@EVERY_COMMAND
def test_the_handler_fills_in_the_day_the_actor_and_the_territory(command: type[Any]) -> None:
    filled_in = {"on": FilledIn.FACT_DATE}
    if command in BY_TERRITORY:
        filled_in["territory"] = FilledIn.TERRITORY
    if command is HoldInterview:
        filled_in["by"] = FilledIn.ACTOR
    if command in ABOUT_SOMEBODY_MET:
        filled_in["standing"] = FilledIn.STANDING
    assert filled_in_by_handler(command) == filled_in


@EVERY_COMMAND
def test_a_field_that_the_handler_fills_in_is_a_fault_in_the_data(command: type[Any]) -> None:
    sent = dict.fromkeys(filled_in_by_handler(command), "2024-01-01")
    faults = faults_of(command, sent)
    assert {name: faults[name] for name in sent} == {name: [VALIDATION.unknown_field] for name in sent}


def faults_of(command: type[Any], data: dict[str, Any]) -> dict[str, list[str]]:
    with pytest.raises(Invalid) as invalid:
        CommandParser(command, VALIDATION).validate(data)
    return invalid.value.faults


def test_every_fault_of_a_job_is_listed_at_once() -> None:
    bad = {"person": "", "outcome": "x" * 65, "contract": "STAGE", "months": 0, "weekly_hours": 61, "rome": "k1302", "evidence": None}
    assert faults_of(FindJob, bad).keys() == {"person", "outcome", "contract", "months", "weekly_hours", "rome", "evidence"}


@pytest.mark.parametrize("rating", [0, 6, 4.5, "4", True])
def test_a_rating_is_a_whole_number_from_1_to_5(rating: Any) -> None:
    good = {"token": TICKET, "satisfied": True, "domains": [], "wellbeing": True, "wants_continuation": True}
    assert faults_of(AnswerSurvey, {**good, "rating": rating}).keys() == {"rating"}
