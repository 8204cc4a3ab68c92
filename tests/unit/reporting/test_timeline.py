"""The timeline of a person, over all their merged records; and the names of quarters."""

from typing import Any

import pytest

from services.reporting.facts.tables import quarter_rows
from services.reporting.projection.merged_persons import roots
from services.reporting.quarters import label, quarters_between
from services.reporting.queries.reports import Reports
from shared.message import Actor
from tests.unit.reporting.history import ORNE, History


def test_a_timeline_has_every_event_in_order_with_its_actor_and_dates() -> None:
    history = History()
    history.meet("p", "2022-07-01")
    history.meet("other", "2022-07-01")
    history.coach("p", "2022-07-02")
    history.record("intake.ContactAttempted", "2022-07-05", person="p", outcome="ABSENT", recorded="2022-08-01")
    report = Reports("sqlite://", ORNE, history.read_at)
    report.apply(history.events)
    entries = report.timeline("p").entries
    assert [entry.kind for entry in entries] == ["intake.PersonIdentified", "coaching.JourneyOpened", "intake.ContactAttempted"]
    last = entries[-1]
    assert (last.on, last.recorded[:10], last.territory, last.data["outcome"]) == (
        "2022-07-05",
        "2022-08-01",
        "alencon",
        "ABSENT",
    )
    assert last.actor == Actor("coach-1", "coach", "ETAPE")


def test_merged_records_have_the_same_timeline() -> None:
    history = History()
    history.meet("a", "2022-07-01")
    history.meet("b", "2022-07-02")
    history.record("intake.PersonsMerged", "2022-08-01", kept="a", merged="b")
    report = Reports("sqlite://", ORNE, history.read_at)
    report.apply(history.events)
    assert report.timeline("a") == report.timeline("b")
    assert [entry.kind for entry in report.timeline("a").entries][-1] == "intake.PersonsMerged"


def test_an_event_about_an_orientation_is_in_the_timeline_of_its_person() -> None:
    history = History()
    history.record("intake.OrientationReceived", "2022-07-01", orientation="o", person="p", prescriber="CCAS", kind="CCAS")
    history.record("referrals.PrescriberInformed", "2022-07-02", orientation="o", prescriber="CCAS", milestone="ACCEPTED")
    report = Reports("sqlite://", ORNE, history.read_at)
    report.apply(history.events)
    assert [entry.kind for entry in report.timeline("p").entries] == ["intake.OrientationReceived", "referrals.PrescriberInformed"]


def test_a_survey_answer_is_in_no_timeline() -> None:
    history = History()
    answer: dict[str, Any] = {"satisfied": True, "rating": 5, "domains": [], "wellbeing": True, "wants_continuation": True}
    history.record("coaching.SurveyAnswered", "2022-07-01", **answer)
    report = Reports("sqlite://", ORNE, history.read_at)
    report.apply(history.events)
    assert report.timeline("p").entries == []


def test_the_root_of_a_record_is_the_end_of_its_chain_of_merges() -> None:
    assert roots({"a": "b", "b": "c"}) == {"a": "c", "b": "c"}


def test_a_decision_does_not_add_the_quarter_of_its_own_day() -> None:
    history = History()
    history.meet("p", "2022-07-01")
    history.record(
        "reporting.CellReleased", "2026-11-01", "all", indicator="people_met", quarter="2022-Q3", of_territory="all", authority="COTER"
    )
    report = Reports("sqlite://", ORNE, history.read_at)
    report.apply(history.events)
    assert report.quarters() == ["2022-Q3"]


@pytest.mark.parametrize(("quarter", "french"), [("2024-Q1", "1er trimestre 2024"), ("2024-Q2", "2e trimestre 2024")])
def test_a_quarter_has_a_french_name(quarter: str, french: str) -> None:
    assert label(quarter) == french


def test_quarters_continue_over_the_year_and_end_on_the_last_day_of_their_third_month() -> None:
    assert quarters_between("2022-Q3", "2023-Q1") == ["2022-Q3", "2022-Q4", "2023-Q1"]
    ends = {row["id"]: (row["start_on"], row["end_on"]) for row in quarter_rows()}
    assert (ends["2022-Q4"], ends["2024-Q2"]) == (("2022-10-01", "2022-12-31"), ("2024-04-01", "2024-06-30"))
