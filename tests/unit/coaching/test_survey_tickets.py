"""A ticket for each moment of an exit, once, not before its time."""

import pytest
from msgspec.structs import replace

from services.coaching.coded_values import NeutralReason
from services.coaching.exits import ExitNeutralised
from services.coaching.journey import decider
from services.coaching.survey_tickets import IssueSurveyTicket, SurveyTicketIssued
from services.vocabulary.survey_ticket import SurveyMoment
from tests.harness.specification import given
from tests.unit.coaching.journeys import EXIT_DAY, EXITED_JOURNEY, OPEN_JOURNEY, RENEWED_JOURNEY, day

ISSUE = IssueSurveyTicket(person="p-1", rank=1, moment=SurveyMoment.EXIT, on=EXIT_DAY, territory="alencon")
ISSUED = SurveyTicketIssued(person="p-1", rank=1, moment=SurveyMoment.EXIT, territory="alencon", on=EXIT_DAY)


def test_a_ticket_is_issued_at_the_exit_and_once() -> None:
    issued = given(decider, *EXITED_JOURNEY).when(ISSUE).then(ISSUED)
    issued.when(replace(ISSUE, on=day("2024-01-20"))).then_refused("survey_ticket_already_issued")


@pytest.mark.parametrize(("moment", "first"), [(SurveyMoment.M3, "2024-02-14"), (SurveyMoment.M6, "2024-05-15")])
def test_the_later_tickets_come_with_the_follow_ups(moment: SurveyMoment, first: str) -> None:
    history = given(decider, *EXITED_JOURNEY, ISSUED)
    for before in (EXIT_DAY, day(first).replace(day=day(first).day - 1)):
        history.when(replace(ISSUE, moment=moment, on=before)).then_refused("survey_ticket_too_early")
    issued = history.when(replace(ISSUE, moment=moment, on=day(first))).then(replace(ISSUED, moment=moment, on=day(first)))
    issued.when(replace(ISSUE, moment=moment, on=day(first))).then_refused("survey_ticket_already_issued")


def test_there_is_no_ticket_before_the_exit() -> None:
    given(decider).when(ISSUE).then_refused("journey_not_exited")
    given(decider, *OPEN_JOURNEY).when(ISSUE).then_refused("journey_not_exited")
    given(decider, *EXITED_JOURNEY).when(replace(ISSUE, on=day("2023-11-29"))).then_refused("survey_ticket_too_early")
    given(decider, *EXITED_JOURNEY).when(replace(ISSUE, rank=2)).then_refused("journey_not_exited")


def test_nobody_asks_after_a_renewal_or_a_neutralised_exit() -> None:
    given(decider, *RENEWED_JOURNEY).when(replace(ISSUE, on=day("2024-03-01"))).then_refused("journey_reopened")
    neutralised = ExitNeutralised(person="p-1", rank=1, reason=NeutralReason.DECES, on=EXIT_DAY)
    given(decider, *EXITED_JOURNEY, neutralised).when(ISSUE).then_refused("exit_neutralised")
