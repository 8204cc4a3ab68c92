"""A person's way, step by step, under all their records; and the quarters as they are named."""

from typing import Any

import pytest

from services.reporting.facts.tables import calendar
from services.reporting.projection.merged_persons import roots
from services.reporting.quarters import label, span
from services.reporting.queries.reports import Reports
from tests.unit.reporting.history import ORNE, History


def test_every_step_is_there_in_order_with_who_said_it_and_when() -> None:
    history = History()
    history.meet("p", "2022-07-01")
    history.meet("other", "2022-07-01")
    history.coach("p", "2022-07-02")
    history.say("intake.ContactAttempted", "2022-07-05", person="p", outcome="ABSENT", recorded="2022-08-01")
    report = Reports("sqlite://", ORNE, history.at)
    report.apply(history.events)
    steps = report.timeline("p")["steps"]
    assert [step["kind"] for step in steps] == ["intake.PersonIdentified", "coaching.JourneyOpened", "intake.ContactAttempted"]
    last = steps[-1]
    assert (last["on"], last["recorded"][:10], last["territory"], last["data"]["outcome"]) == (
        "2022-07-05",
        "2022-08-01",
        "alencon",
        "ABSENT",
    )
    assert last["actor"] == {"id": "coach-1", "role": "coach", "organisation": "ETAPE"}


def test_merged_records_have_one_timeline_whichever_is_asked() -> None:
    history = History()
    history.meet("a", "2022-07-01")
    history.meet("b", "2022-07-02")
    history.say("intake.PersonsMerged", "2022-08-01", kept="a", merged="b")
    report = Reports("sqlite://", ORNE, history.at)
    report.apply(history.events)
    assert report.timeline("a") == report.timeline("b")
    assert [step["kind"] for step in report.timeline("a")["steps"]][-1] == "intake.PersonsMerged"


def test_what_the_prescriber_was_told_is_a_step_of_the_person() -> None:
    history = History()
    history.say("intake.OrientationReceived", "2022-07-01", orientation="o", person="p", prescriber="CCAS", kind="CCAS")
    history.say("referrals.PrescriberInformed", "2022-07-02", orientation="o", prescriber="CCAS", milestone="ACCEPTED")
    report = Reports("sqlite://", ORNE, history.at)
    report.apply(history.events)
    assert [step["kind"] for step in report.timeline("p")["steps"]] == ["intake.OrientationReceived", "referrals.PrescriberInformed"]


def test_an_answer_to_the_survey_is_in_nobodys_timeline() -> None:
    history = History()
    answer: dict[str, Any] = {"satisfied": True, "rating": 5, "domains": [], "wellbeing": True, "wants_continuation": True}
    history.say("coaching.SurveyAnswered", "2022-07-01", **answer)
    report = Reports("sqlite://", ORNE, history.at)
    report.apply(history.events)
    assert report.timeline("p")["steps"] == []


def test_a_chain_of_merges_ends_at_the_record_that_stands() -> None:
    assert roots({"a": "b", "b": "c"}) == {"a": "c", "b": "c"}


def test_a_decision_about_a_quarter_does_not_make_its_own_day_a_quarter() -> None:
    history = History()
    history.meet("p", "2022-07-01")
    history.say(
        "reporting.CellReleased", "2026-11-01", "all", indicator="people_met", quarter="2022-Q3", of_territory="all", authority="COTER"
    )
    report = Reports("sqlite://", ORNE, history.at)
    report.apply(history.events)
    assert report.quarters() == ["2022-Q3"]


@pytest.mark.parametrize(("quarter", "french"), [("2024-Q1", "1er trimestre 2024"), ("2024-Q2", "2e trimestre 2024")])
def test_a_quarter_is_named_in_french(quarter: str, french: str) -> None:
    assert label(quarter) == french


def test_quarters_follow_each_other_over_a_year_and_end_on_its_last_day() -> None:
    assert span("2022-Q3", "2023-Q1") == ["2022-Q3", "2022-Q4", "2023-Q1"]
    ends = {row["id"]: (row["start_on"], row["end_on"]) for row in calendar()}
    assert (ends["2022-Q4"], ends["2024-Q2"]) == (("2022-10-01", "2022-12-31"), ("2024-04-01", "2024-06-30"))
