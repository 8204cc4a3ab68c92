"""Given events, the figures: one rule of counting per test."""

from typing import Any

import pytest

from services.reporting.answers import Cell, GapCell, RateCell, ValueCell
from services.reporting.queries.reports import Reports
from shared.errors import Refused
from tests.unit.reporting.history import ORNE, V1, History

QUARTER = "2023-Q1"


def figures(history: History, territory: str = "all", quarter: str = QUARTER, version: int | None = None) -> dict[str, Cell]:
    report = Reports("sqlite://", ORNE, history.read_at)
    report.apply(history.events)
    return report.figures(territory, quarter, version).indicators


def ratio(cell: Cell) -> tuple[int, int]:
    assert isinstance(cell, RateCell)
    return cell.numerator, cell.denominator


@pytest.fixture
def history() -> History:
    return History()


def test_a_person_with_several_journeys_counts_once_with_the_best_exit(history: History) -> None:
    history.success("p", "2022-07-01", "2022-09-01", "SIAE")
    history.success("p", "2022-10-01", "2023-02-01", "CDI", rank=2)
    cells = figures(history)
    assert ratio(cells["positive_rate"]) == (1, 1)
    assert ratio(cells["dynamic_rate"]) == (0, 1)
    assert ratio(figures(history, quarter="2022-Q4")["dynamic_rate"]) == (1, 1)


def test_an_exit_has_the_class_of_its_best_outcome(history: History) -> None:
    history.coach("p", "2022-07-01")
    history.job("p", "2022-08-01", "SIAE", outcome="a")
    history.job("p", "2022-09-01", "CDD", 6, outcome="b")
    history.leave("p", "2022-09-02", "a", "b")
    assert ratio(figures(history)["positive_rate"]) == (1, 1)


@pytest.mark.parametrize(("months", "positive"), [(5, 0), (6, 1), (12, 1)])
def test_a_fixed_term_is_positive_from_six_months(history: History, months: int, positive: int) -> None:
    history.coach("p", "2022-07-01")
    history.job("p", "2022-08-01", "CDD", months)
    history.leave("p", "2022-08-01", "o1")
    assert (ratio(figures(history)["positive_rate"])[0], ratio(figures(history)["dynamic_rate"])[0]) == (positive, 1 - positive)


def test_an_outcome_that_the_exit_does_not_name_does_not_count(history: History) -> None:
    history.coach("p", "2022-07-01")
    history.job("p", "2022-08-01", "CDI")
    history.leave("p", "2022-09-01")
    assert ratio(figures(history)["progress_rate"]) == (0, 1)


def test_a_corrected_exit_counts_as_corrected(history: History) -> None:
    history.success("p", "2022-07-01", "2022-09-01")
    history.record(
        "coaching.ExitCorrected",
        "2023-02-01",
        person="p",
        rank=1,
        supersedes=1,
        exit_on="2022-12-01",
        reason="ABANDON",
        outcomes=[],
        why="SAISIE",
    )
    cells = figures(history, quarter="2022-Q4")
    assert ratio(cells["positive_rate"]) == (0, 1)
    assert ratio(cells["positive_rate_on_exits"]) == (0, 1)


def test_a_neutralised_exit_is_in_neither_side_of_a_rate(history: History) -> None:
    history.success("kept", "2022-07-01", "2022-09-01")
    history.success("gone", "2022-07-01", "2022-09-01")
    history.record("coaching.ExitNeutralised", "2022-10-01", person="gone", rank=1, reason="DEMENAGEMENT")
    assert ratio(figures(history)["positive_rate"]) == (1, 1)


def test_an_exit_whose_neutralisation_is_lifted_counts_again(history: History) -> None:
    history.success("p", "2022-07-01", "2022-09-01")
    history.record("coaching.ExitNeutralised", "2022-10-01", person="p", rank=1, reason="DEMENAGEMENT")
    assert ratio(figures(history)["positive_rate"]) == (0, 0)
    history.record("coaching.NeutralisationLifted", "2022-10-02", person="p", rank=1, why="SAISIE")
    assert ratio(figures(history)["positive_rate"]) == (1, 1)


def test_a_follow_up_that_is_scheduled_again_is_due_again(history: History) -> None:
    history.success("p", "2022-07-01", "2022-11-01")
    schedule: dict[str, Any] = {"person": "p", "rank": 1, "milestone": "M3", "due_on": "2023-02-01", "window_end": "2023-03-03"}
    history.record("coaching.FollowUpScheduled", "2022-11-01", **schedule)
    history.record("coaching.FollowUpCancelled", "2022-11-15", person="p", rank=1, milestone="M3")
    assert ratio(figures(history)["follow_up_m3"]) == (0, 0)
    history.record("coaching.FollowUpScheduled", "2022-11-20", **schedule)
    assert ratio(figures(history)["follow_up_m3"]) == (0, 1)


def test_attendance_that_is_withdrawn_counts_as_it_is_noted_again(history: History) -> None:
    seat = {"workshop": "w", "person": "p"}
    history.record("coaching.WorkshopMissed", "2023-01-10", **seat, excused=False)
    history.record("coaching.AttendanceWithdrawn", "2023-01-11", **seat, seat=True, why="SAISIE")
    assert ratio(figures(history)["workshop_attendance"]) == (0, 0)
    history.record("coaching.WorkshopAttended", "2023-01-10", recorded="2023-01-11", **seat, walk_in=False)
    assert ratio(figures(history)["workshop_attendance"]) == (1, 1)


def test_merged_records_are_one_person_along_a_chain_of_merges(history: History) -> None:
    for person in "abc":
        history.meet(person, "2022-07-01")
        history.refer(person, "2022-07-02", f"r{person}")
        history.coach(person, "2022-07-03")
    history.record("intake.PersonsMerged", "2022-08-01", kept="b", merged="a")
    history.record("intake.PersonsMerged", "2022-08-02", kept="c", merged="b")
    cells = figures(history)
    assert cells["people_met"] == ValueCell(1)
    assert ratio(cells["redirection_rate"]) == (1, 1)
    assert ratio(cells["positive_rate"])[1] == 1


def test_an_erased_person_still_counts(history: History) -> None:
    history.meet("p", "2022-07-01")
    history.record("intake.PersonKeyDestroyed", "2022-08-01", person="p", basis="DEMANDE")
    assert figures(history)["people_met"] == ValueCell(1)


def test_a_fact_counts_where_it_happened(history: History) -> None:
    history.coach("p", "2022-07-01", "alencon")
    history.record("coaching.JourneyTransferred", "2022-08-01", person="p", rank=1, from_territory="alencon", to_territory="flers")
    assert figures(history, "alencon", "2022-Q2")["journeys_open"] == ValueCell(0)
    assert figures(history, "alencon")["journeys_open"] == ValueCell(0)
    assert figures(history, "flers")["journeys_open"] == ValueCell(1)
    history.job("p", "2022-09-01", "CDI", at="flers")
    history.leave("p", "2022-09-01", "o1", at="flers")
    assert [ratio(figures(history, town)["positive_rate_on_exits"]) for town in ("alencon", "flers")] == [(0, 0), (0, 0)]
    exits = {town: ratio(figures(history, town, "2022-Q3")["positive_rate_on_exits"]) for town in ("alencon", "flers")}
    assert exits == {"alencon": (0, 0), "flers": (1, 1)}


def test_a_person_counts_in_the_cohort_and_among_its_exits_where_the_first_journey_opened(history: History) -> None:
    for person in ("p", "q"):
        history.coach(person, "2022-07-01", "alencon")
        history.record(
            "coaching.JourneyTransferred", "2022-08-01", person=person, rank=1, from_territory="alencon", to_territory="argentan"
        )
        history.job(person, "2022-09-01", "CDI", at="argentan")
        history.leave(person, "2022-09-01", "o1", at="argentan")
    assert ratio(figures(history, "alencon")["positive_rate"]) == (2, 2)
    assert ratio(figures(history, "argentan")["positive_rate"]) == (0, 0)


def test_a_withdrawn_referral_stops_counting_from_the_quarter_of_its_withdrawal(history: History) -> None:
    history.meet("p", "2022-07-01")
    history.refer("p", "2022-08-01", "r")
    history.record("referrals.ReferralWithdrawn", "2022-11-01", person="p", referral="r", partner="CAP", reason="DEMANDE")
    assert ratio(figures(history, quarter="2022-Q3")["redirection_rate"]) == (1, 1)
    assert ratio(figures(history, quarter="2022-Q4")["redirection_rate"]) == (0, 1)


def test_percentages_are_rounded_half_up_and_an_empty_rate_has_none(history: History) -> None:
    for person in range(8):
        history.coach(f"p{person}", "2022-07-01")
    history.job("p0", "2022-08-01", "CDI")
    history.leave("p0", "2022-08-01", "o1")
    assert figures(history)["positive_rate"] == RateCell(1, 8, 13)
    assert figures(history, "flers")["positive_rate"] == RateCell(0, 0, None)


def test_the_gap_to_the_target_is_in_points_and_in_persons(history: History) -> None:
    history.record(
        "reporting.TargetSet", "2022-06-01", "all", indicator="positive_rate", value=25, from_quarter="2022-Q2", for_territory=None
    )
    history.record(
        "reporting.TargetSet", "2022-06-01", "all", indicator="positive_rate", value=40, from_quarter="2023-Q1", for_territory="alencon"
    )
    for person in range(10):
        history.coach(f"p{person}", "2022-07-01")
    assert figures(history, quarter="2022-Q4")["positive_target"] == GapCell(-25, 3)
    assert figures(history, "alencon")["positive_target"] == GapCell(-40, 4)
    assert figures(history, "all")["positive_target"] == GapCell(-25, 3)


def test_the_survey_is_counted_from_its_answers(history: History) -> None:
    for rating, domains in ((5, ["SANTE"]), (5, []), (4, ["LOGEMENT"]), (4, [])):
        history.record(
            "coaching.SurveyAnswered",
            "2023-01-01",
            satisfied=True,
            rating=rating,
            domains=domains,
            wellbeing=rating > 4,
            wants_continuation=True,
        )
    cells = figures(history)
    assert cells["survey_rating"] == ValueCell(4.5)
    assert ratio(cells["survey_domain_effect"]) == (2, 4)
    assert ratio(cells["survey_wellbeing"]) == (2, 4)


def test_follow_ups_are_due_when_their_window_closes_and_a_renewal_cancels_them(history: History) -> None:
    for person in "abc":
        history.coach(person, "2022-07-01")
        history.leave(person, "2022-10-01")
        history.record(
            "coaching.FollowUpScheduled", "2022-10-01", person=person, rank=1, milestone="M3", due_on="2023-01-01", window_end="2023-01-31"
        )
    history.record("coaching.FollowUpCancelled", "2022-12-01", person="c", rank=1, milestone="M3")
    history.record(
        "coaching.FollowUpCompleted",
        "2023-01-05",
        person="a",
        rank=1,
        milestone="M3",
        situation="EMPLOI",
        still_in_outcome=True,
        channel="SMS",
    )
    cells = figures(history)
    assert ratio(cells["follow_up_m3"]) == (1, 2)
    assert ratio(cells["follow_up_m3_in_outcome"]) == (1, 1)
    assert ratio(cells["follow_up_m6"]) == (0, 0)


def test_partners_are_measured_on_referrals_sent_more_than_30_days_ago(history: History) -> None:
    for referral in ("r1", "r2", "young"):
        history.refer("p", "2023-03-20" if referral == "young" else "2023-01-10", referral)
    history.record("referrals.ReferralAccepted", "2023-01-14", person="p", referral="r1", partner="CAP")
    cells = figures(history)
    assert ratio(cells["partner_answers"]) == (1, 2)
    assert ratio(cells["partner_acceptance"]) == (1, 1)
    assert cells["partner_delay"] == ValueCell(4)


def test_workshops_barriers_orientations_and_interviews(history: History) -> None:
    history.record("coaching.WorkshopAttended", "2023-01-10", workshop="w", person="a", walk_in=False)
    history.record("coaching.WorkshopMissed", "2023-01-10", workshop="w", person="b", excused=False)
    history.record("coaching.WorkshopMissed", "2023-01-10", workshop="w", person="c", excused=True)
    history.record("coaching.BarrierIdentified", "2022-09-01", person="a", rank=1, thematique="mobilite")
    history.record("coaching.BarrierIdentified", "2022-09-01", person="a", rank=1, thematique="sante")
    history.record("coaching.BarrierLifted", "2023-01-01", person="a", rank=1, thematique="sante")
    history.record("coaching.InterviewHeld", "2023-01-10", person="a", rank=1, mode="VISIO", minutes=30)
    history.record("intake.OrientationReceived", "2023-01-10", orientation="o", person="a", prescriber="CCAS", kind="CCAS")
    history.record("intake.OrientationAccepted", "2023-01-13", orientation="o", person="a", prescriber="CCAS")
    cells = figures(history)
    assert ratio(cells["workshop_attendance"]) == (1, 2)
    assert ratio(cells["barriers_lifted"]) == (1, 2)
    assert (cells["interviews"], cells["orientations_received"], cells["orientation_delay"]) == (ValueCell(1), ValueCell(1), ValueCell(3))
    assert ratio(cells["orientations_accepted"]) == (1, 1)


def test_a_fact_is_late_more_than_fifteen_days_after_its_quarter(history: History) -> None:
    history.success("p", "2023-01-01", "2023-01-31")
    history.leave("q", "2023-03-31", recorded="2023-04-15")
    history.leave("r", "2023-03-31", recorded="2023-04-16")
    assert figures(history)["late_facts"] == ValueCell(1)


def test_a_figure_is_computed_with_the_requested_version_of_the_definitions(history: History) -> None:
    history.success("p", "2022-07-01", "2022-09-01", "SIAE")
    history.record("reporting.DefinitionsPublished", "2023-01-01", "all", **(V1 | {"version": 2, "outcome_classes": {"SIAE": "POSITIVE"}}))
    assert ratio(figures(history)["positive_rate"])[0] == 1
    assert ratio(figures(history, version=1)["positive_rate"])[0] == 0


def test_a_redirection_counts_at_the_stage_that_the_definitions_give(history: History) -> None:
    history.meet("p", "2022-07-01")
    history.refer("p", "2022-08-01", "r")
    history.record(
        "reporting.DefinitionsPublished", "2023-01-01", "all", **(V1 | {"version": 2, "counted_stages": {"redirection": "ACCEPTED"}})
    )
    assert ratio(figures(history)["redirection_rate"]) == (0, 1)
    assert ratio(figures(history, version=1)["redirection_rate"]) == (1, 1)


@pytest.mark.parametrize(
    ("defined", "request_", "code"),
    [
        (False, ("all", QUARTER, None), "definitions_none"),
        (True, ("all", QUARTER, 0), "definitions_unknown"),
        (True, ("all", QUARTER, 7), "definitions_unknown"),
        (True, ("all", "2023Q1", None), "quarter_unreadable"),
        (True, ("paris", QUARTER, None), "territory_unknown"),
    ],
)
def test_a_request_that_cannot_be_computed_is_refused(defined: bool, request_: tuple[str, str, int | None], code: str) -> None:
    with pytest.raises(Refused) as refusal:
        figures(History(defined=defined), *request_)
    assert refusal.value.code == code
