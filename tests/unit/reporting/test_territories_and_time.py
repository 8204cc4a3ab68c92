"""Where each fact counts, of whom, and as known when (ADR 0031): one rule per test. The laws are in tests/contract/read_models."""

from typing import Any

from services.reporting.answers import ValueCell
from services.reporting.facts.fold import changes_of
from services.reporting.queries.reports import Reports
from tests.unit.reporting.history import ORNE, V1, History
from tests.unit.reporting.test_figures import figures, ratio

Q1, Q2, Q4 = "2023-Q1", "2023-Q2", "2022-Q4"


def exit_with_follow_up(history: History, person: str = "p", at: str = "alencon") -> None:
    """An exit of November: the follow-up after three months is due on the first of February."""
    history.coach(person, "2022-07-01", at)
    history.leave(person, "2022-11-01", at=at)
    window: dict[str, Any] = {"due_on": "2023-02-01", "window_end": "2023-03-03"}
    history.record("coaching.FollowUpScheduled", "2022-11-01", at, person=person, rank=1, milestone="M3", **window)


def renewal(history: History, on: str) -> None:
    """A second journey, and the cancellations that it was recorded with, whatever the day on which each follow-up was due."""
    history.record("coaching.FollowUpCancelled", on, person="p", rank=1, milestone="M3")
    history.coach("p", on, rank=2)


# Territories ---------------------------------------------------------------------------------------------------------


def test_a_person_who_was_coached_and_never_met_is_in_no_share_of_those_met() -> None:
    history = History()
    history.coach("old", "2022-07-01")
    history.refer("old", "2022-08-01", "r")
    history.meet("p", "2022-07-01")
    assert ratio(figures(history)["redirection_rate"]) == (0, 1)
    assert ratio(figures(history)["positive_rate"]) == (0, 1)


def test_a_redirection_counts_where_the_person_was_first_met() -> None:
    history = History()
    history.meet("p", "2022-07-01", "flers")
    history.refer("p", "2022-08-01", "r", "argentan")
    assert [ratio(figures(history, town)["redirection_rate"]) for town in ("flers", "argentan")] == [(1, 1), (0, 0)]


def test_a_renewal_in_another_town_counts_in_the_cohort_of_the_first_journey() -> None:
    history = History()
    history.success("p", "2022-07-01", "2022-09-01", "SIAE", at="flers")
    history.success("p", "2022-10-01", "2023-02-01", "CDI", at="argentan", rank=2)
    assert [ratio(figures(history, town)["positive_rate"]) for town in ("flers", "argentan")] == [(1, 1), (0, 0)]
    assert [ratio(figures(history, town)["positive_rate_on_exits"]) for town in ("flers", "argentan")] == [(0, 0), (1, 1)]


def test_a_follow_up_counts_where_the_exit_was() -> None:
    history = History()
    exit_with_follow_up(history, at="flers")
    answer: dict[str, Any] = {"situation": "EMPLOI", "still_in_outcome": True}
    history.record("coaching.FollowUpCompleted", "2023-02-05", "argentan", person="p", rank=1, milestone="M3", **answer)
    assert [ratio(figures(history, town)["follow_up_m3"]) for town in ("flers", "argentan")] == [(1, 1), (0, 0)]


# Ids -----------------------------------------------------------------------------------------------------------------


def test_two_persons_may_have_a_referral_of_the_same_id() -> None:
    history = History()
    for person in ("p", "q"):
        history.meet(person, "2022-12-01")
        history.refer(person, "2023-01-10", "r1")
    history.record("referrals.ReferralWithdrawn", "2023-01-20", person="p", referral="r1", partner="CAP", reason="DEMANDE")
    assert ratio(figures(history)["redirection_rate"]) == (1, 2)
    assert ratio(figures(history)["partner_answers"]) == (0, 1)


def test_no_two_keys_give_one_text_whatever_their_characters() -> None:
    history = History()
    for person, referral in (("a/b", "c"), ("a", "b/c")):
        history.refer(person, "2023-01-10", referral)
    assert ratio(figures(history)["partner_answers"]) == (0, 2)


def test_an_orientation_that_has_the_id_of_another_person_shows_nothing_of_them() -> None:
    history = History()
    history.meet("q", "2022-07-01")
    history.record("intake.OrientationReceived", "2022-07-02", orientation="q", person="p", prescriber="CCAS", kind="CCAS")
    report = Reports("sqlite://", ORNE, history.read_at)
    report.apply(history.events)
    assert [entry.kind for entry in report.timeline("p").entries] == ["intake.OrientationReceived"]


# What comes back -----------------------------------------------------------------------------------------------------


def test_a_barrier_that_comes_back_is_a_second_one() -> None:
    history = History()
    barrier: dict[str, Any] = {"person": "p", "rank": 1, "thematique": "sante"}
    history.record("coaching.BarrierIdentified", "2022-09-01", **barrier)
    history.record("coaching.BarrierLifted", "2022-10-01", **barrier)
    history.record("coaching.BarrierIdentified", "2023-01-10", **barrier)
    assert [ratio(figures(history, quarter=quarter)["barriers_lifted"]) for quarter in (Q4, Q1)] == [(1, 1), (1, 2)]
    history.record("coaching.BarrierLifted", "2023-04-10", **barrier)
    assert [ratio(figures(history, quarter=quarter)["barriers_lifted"]) for quarter in (Q4, Q1, Q2)] == [(1, 1), (1, 2), (2, 2)]


def test_a_lift_counts_only_with_its_barrier() -> None:
    """An old log may date a lift before the barrier, or have it alone."""
    history = History()
    history.record("coaching.BarrierIdentified", "2023-04-01", person="p", rank=1, thematique="sante")
    history.record("coaching.BarrierLifted", "2023-01-01", person="p", rank=1, thematique="sante")
    history.record("coaching.BarrierLifted", "2023-01-01", person="q", rank=1, thematique="sante")
    assert [ratio(figures(history, quarter=quarter)["barriers_lifted"]) for quarter in (Q1, Q2)] == [(0, 0), (1, 1)]


def test_a_seat_that_is_taken_again_counts_by_what_came_of_it() -> None:
    history = History()
    for kind in ("SeatTaken", "SeatReleased", "SeatTaken"):
        history.record(f"coaching.{kind}", "2023-01-05", workshop="w", person="p")
    assert ratio(figures(history)["workshop_attendance"]) == (0, 0)
    history.record("coaching.WorkshopAttended", "2023-01-10", workshop="w", person="p", walk_in=False)
    assert ratio(figures(history)["workshop_attendance"]) == (1, 1)


# The past ------------------------------------------------------------------------------------------------------------


def test_a_renewal_cancels_a_follow_up_only_before_it_falls_due() -> None:
    for on, due in (("2023-01-31", 0), ("2023-02-01", 1), ("2023-04-10", 1)):
        history = History()
        exit_with_follow_up(history)
        renewal(history, on)
        assert ratio(figures(history)["follow_up_m3"]) == (0, due)


def test_no_follow_up_of_a_neutralised_exit_is_due() -> None:
    history = History()
    exit_with_follow_up(history)
    history.record("coaching.ExitNeutralised", "2023-05-01", person="p", rank=1, reason="DECES")
    assert ratio(figures(history)["follow_up_m3"]) == (0, 0)


def test_a_withdrawal_after_the_quarter_leaves_the_partner_as_measured() -> None:
    history = History()
    history.refer("p", "2023-01-10", "r")
    history.record("referrals.ReferralWithdrawn", "2023-04-10", person="p", referral="r", partner="CAP", reason="DEMANDE")
    assert ratio(figures(history)["partner_answers"]) == (0, 1)


def test_an_outcome_after_the_exit_counts_from_its_own_day() -> None:
    history = History()
    history.coach("p", "2022-07-01")
    history.job("p", "2022-12-01", "CDD", 3)
    history.leave("p", "2022-12-05", "o1")
    history.job("p", "2023-04-03", "CDI", outcome="o2")
    rates = ("positive_rate", "dynamic_rate")
    assert [ratio(figures(history, quarter=Q1)[rate])[0] for rate in rates] == [0, 1]
    assert [ratio(figures(history, quarter=Q2)[rate])[0] for rate in rates] == [1, 0]
    assert ratio(figures(history, quarter=Q4)["positive_rate_on_exits"]) == (0, 1)


def test_an_outcome_that_is_stated_again_counts_as_it_was_known_at_the_end_of_each_quarter() -> None:
    history = History()
    history.coach("p", "2022-07-01")
    history.job("p", "2022-12-01", "CDD", 3)
    history.leave("p", "2022-12-05", "o1")
    history.job("p", "2023-04-03", "CDI")
    rates = ("positive_rate", "dynamic_rate")
    assert [[ratio(figures(history, quarter=quarter)[rate])[0] for rate in rates] for quarter in (Q1, Q2)] == [[0, 1], [1, 0]]


def test_an_outcome_long_after_the_exit_is_none_of_it_and_the_definitions_say_how_long() -> None:
    history = History()
    history.coach("p", "2022-07-01")
    history.leave("p", "2022-12-05")
    history.job("p", "2023-02-03", "CDI")
    assert ratio(figures(history)["positive_rate"]) == (1, 1)
    thresholds = V1["thresholds"] | {"outcome_days": 30}
    history.record("reporting.DefinitionsPublished", "2023-01-01", "all", **(V1 | {"version": 2, "thresholds": thresholds}))
    assert ratio(figures(history)["positive_rate"]) == (0, 1)


def test_an_exit_that_is_told_after_its_quarter_is_late_for_it() -> None:
    history = History()
    history.coach("p", "2022-07-01")
    told: dict[str, Any] = {"rank": 1, "exit_on": "2022-12-20", "reason": "ABANDON", "outcomes": []}
    history.record("coaching.JourneyExited", "2023-02-01", person="p", **told)
    assert [figures(history, quarter=quarter)["late_facts"] for quarter in (Q4, Q1)] == [ValueCell(1), ValueCell(0)]


def test_a_decision_for_the_whole_programme_is_a_late_fact_of_no_territory() -> None:
    history = History()
    history.meet("p", "2022-12-01")
    target: dict[str, Any] = {"indicator": "positive_rate", "value": 25, "from_quarter": Q4, "for_territory": None}
    event = history.record("reporting.TargetSet", "2022-12-01", "all", "2023-06-01", **target)
    assert [change.table for change in changes_of(event)[1]] == ["target"]


# Merged records ------------------------------------------------------------------------------------------------------


def test_a_merged_person_is_the_one_of_the_first_meeting() -> None:
    history = History()
    history.meet("kept", "2022-09-01", "flers", "NON_INSCRIT")
    history.meet("merged", "2022-07-01", "argentan", "SUIVI")
    history.record("intake.PersonsMerged", "2022-10-01", kept="kept", merged="merged")
    assert [ratio(figures(history, town)["invisible_share"]) for town in ("argentan", "flers")] == [(0, 1), (0, 0)]


def test_merged_records_that_were_both_coached_are_one_person_with_the_best_exit() -> None:
    history = History()
    history.success("a", "2022-07-01", "2022-09-01", "SIAE", at="flers")
    history.success("b", "2022-08-01", "2022-10-01", "CDI", at="argentan")
    before = figures(history)
    history.record("intake.PersonsMerged", "2022-11-01", kept="b", merged="a")
    assert (ratio(before["positive_rate"]), ratio(before["dynamic_rate"])) == ((1, 2), (1, 2))
    assert [ratio(figures(history, "flers")[rate]) for rate in ("positive_rate", "dynamic_rate")] == [(1, 1), (0, 1)]
    history.record("intake.PersonsSeparated", "2022-12-01", kept="b", merged="a")
    assert figures(history) == before


def test_merged_records_with_an_open_journey_each_count_once_where_the_latest_opened() -> None:
    history = History()
    history.coach("a", "2022-07-01", "flers")
    history.coach("b", "2022-08-01", "argentan")
    history.record("intake.PersonsMerged", "2022-11-01", kept="a", merged="b")
    assert [figures(history, town)["journeys_open"] for town in ("all", "flers", "argentan")] == [ValueCell(1), ValueCell(0), ValueCell(1)]


def test_records_that_were_merged_into_each_other_are_one_person() -> None:
    """An old log may hold such a circle."""
    history = History()
    for person in "abc":
        history.meet(person, "2022-07-01")
    for kept, merged in (("a", "b"), ("b", "a"), ("a", "c")):
        history.record("intake.PersonsMerged", "2022-08-01", kept=kept, merged=merged)
    assert figures(history)["people_met"] == ValueCell(1)


# What is left of a fact whose first event is set aside ----------------------------------------------------------------


def test_an_answer_without_its_question_counts_nowhere() -> None:
    history = History()
    history.record("referrals.ReferralAccepted", "2023-01-14", person="p", referral="r1", partner="CAP")
    history.record("intake.OrientationAccepted", "2023-01-13", orientation="o", person="p", prescriber="CCAS")
    correction: dict[str, Any] = {"supersedes": 1, "exit_on": "2023-01-01", "reason": "ABANDON", "outcomes": [], "why": "SAISIE"}
    history.record("coaching.ExitCorrected", "2023-01-15", person="p", rank=1, **correction)
    cells = figures(history)
    assert (cells["partner_delay"], cells["orientation_delay"]) == (ValueCell(None), ValueCell(None))
    assert [ratio(cells[rate]) for rate in ("partner_acceptance", "orientations_accepted", "positive_rate_on_exits")] == [(0, 0)] * 3
