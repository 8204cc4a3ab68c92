"""The rules by which the oracle counts, each in the smallest history that shows it. The product must count the same."""

from itertools import count
from typing import Any

import pytest

from services.reporting.indicators.catalogue import INDICATORS
from tests.oracle import oracle
from tests.oracle.facts import facts_as_of

TERRITORIES = ["alencon", "flers"]
CLASSES = {"CDI": "POSITIVE", "SIAE": "DYNAMIC", "CDD": "DYNAMIC", "CDD>=6": "POSITIVE"}
DEFINITIONS: dict[str, Any] = {
    "version": 1,
    "outcome_classes": CLASSES,
    "counted_stages": {"redirection": "SENT"},
    "thresholds": {"small_cell": 5, "rate_floor": 20, "late_days": 15},
    "indicators": [
        *("people_met", "invisible_share", "redirection_rate", "positive_rate", "dynamic_rate", "positive_rate_on_exits", "journeys_open"),
        *("barriers_lifted", "workshop_attendance", "follow_up_m3", "partner_answers", "late_facts"),
    ],
}


class History:
    """Events in order, each with its day, as `parcours history` prints them."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.positions = count(1)
        self.add("2023-01-01", "DefinitionsPublished", **DEFINITIONS)

    def add(self, on: str, name: str, territory: str = "alencon", recorded: str = "", **data: Any) -> int:
        position, time = next(self.positions), f"{on}T12:00:00Z"
        envelope = {"position": position, "time": time, "recordedtime": f"{recorded or on}T12:00:00Z", "territory": territory}
        self.events.append({**envelope, "type": f"fr.parcours.service.{name}", "data": {"on": on, **data}})
        return position

    def met(self, on: str, person: str = "p", radar: str = "INCONNU", territory: str = "alencon") -> int:
        return self.add(on, "PersonIdentified", territory, person=person, radar=radar)

    def opened(self, on: str, person: str = "p", rank: int = 1, territory: str = "alencon") -> int:
        return self.add(on, "JourneyOpened", territory, person=person, rank=rank)

    def job(self, on: str, outcome: str, contract: str, months: int | None = None, rank: int = 1) -> int:
        return self.add(on, "JobFound", person="p", rank=rank, outcome=outcome, contract=contract, months=months)

    def exited(self, on: str, *outcomes: str, rank: int = 1, territory: str = "alencon") -> int:
        return self.add(on, "JourneyExited", territory, person="p", rank=rank, exit_on=on, reason="OUTCOME", outcomes=list(outcomes))

    def figure(self, indicator: str, quarter: str, territory: str = "all", **more: Any) -> tuple[Any, ...]:
        cell = oracle.figures(self.events, TERRITORIES, [quarter], **more)[indicator, territory, quarter]
        return (cell["numerator"], cell["denominator"]) if "numerator" in cell else (cell["value"],)


@pytest.fixture
def history() -> History:
    return History()


def test_a_person_counts_where_and_as_they_were_first_met_also_after_a_merge(history: History) -> None:
    history.met("2023-02-01", "a", "NON_INSCRIT", "flers")
    history.met("2023-03-01", "b", "SUIVI", "alencon")
    assert history.figure("people_met", "2023-Q1") == (2,)
    merge = history.add("2023-05-01", "PersonsMerged", kept="b", merged="a")
    assert history.figure("people_met", "2023-Q1", "flers") == (1,)
    assert history.figure("invisible_share", "2023-Q1") == (1, 1)
    assert history.figure("people_met", "2023-Q1", as_of=merge - 1) == (2,)
    history.add("2023-06-01", "PersonsSeparated", kept="b", merged="a")
    assert history.figure("people_met", "2023-Q1") == (2,)


def test_a_referral_counts_among_the_people_met_until_it_is_withdrawn(history: History) -> None:
    history.met("2023-02-01", territory="flers")
    for person in ("p", "never met"):
        history.add("2023-02-02", "ReferralSent", "alencon", person=person, referral="r1", partner="ml")
    history.add("2023-05-01", "ReferralWithdrawn", person="p", referral="r1", partner="ml")
    assert history.figure("redirection_rate", "2023-Q1", "flers") == (1, 1)
    assert history.figure("redirection_rate", "2023-Q2", "flers") == (0, 1)


def test_a_referral_withdrawn_after_the_quarter_stays_in_it_without_an_answer(history: History) -> None:
    history.add("2023-02-02", "ReferralSent", person="p", referral="r1", partner="ml")
    history.add("2023-05-01", "ReferralWithdrawn", person="p", referral="r1", partner="ml")
    history.add("2023-02-02", "ReferralSent", person="q", referral="r1", partner="ml")
    history.add("2023-03-01", "ReferralWithdrawn", person="q", referral="r1", partner="ml")
    assert history.figure("partner_answers", "2023-Q1") == (0, 1)


def test_both_sides_of_a_cohort_rate_count_where_the_first_journey_opened(history: History) -> None:
    history.opened("2023-01-10")
    history.add("2023-02-01", "JourneyTransferred", person="p", rank=1, from_territory="alencon", to_territory="flers")
    assert history.figure("journeys_open", "2023-Q1", "flers") == (1,)
    history.job("2023-04-01", "o1", "CDI")
    history.exited("2023-04-02", "o1", territory="flers")
    assert history.figure("positive_rate", "2023-Q2", "alencon") == (1, 1)
    assert history.figure("positive_rate", "2023-Q2", "flers") == (0, 0)
    assert history.figure("positive_rate_on_exits", "2023-Q2", "flers") == (1, 1)


def test_the_best_exit_of_two_journeys_counts_once(history: History) -> None:
    history.opened("2023-01-10")
    history.job("2023-02-01", "o1", "CDD", months=6)
    history.exited("2023-02-02", "o1")
    history.opened("2023-03-01", rank=2)
    history.job("2023-03-02", "o2", "CDD", months=5, rank=2)
    history.exited("2023-03-03", "o2", rank=2)
    assert history.figure("positive_rate", "2023-Q1") == (1, 1)
    assert history.figure("dynamic_rate", "2023-Q1") == (0, 1)
    assert history.figure("positive_rate_on_exits", "2023-Q1") == (1, 2)


def test_an_outcome_after_the_exit_counts_from_its_own_quarter_on(history: History) -> None:
    history.opened("2023-01-10")
    history.job("2023-02-01", "o1", "SIAE")
    history.exited("2023-03-02", "o1")
    history.job("2023-04-10", "o2", "CDI")
    assert history.figure("dynamic_rate", "2023-Q1") == (1, 1)
    assert history.figure("positive_rate", "2023-Q1") == (0, 1)
    assert history.figure("positive_rate", "2023-Q2") == (1, 1)


def test_a_neutralised_exit_is_on_no_side_until_that_is_lifted(history: History) -> None:
    history.opened("2023-01-10")
    history.job("2023-02-01", "o1", "CDI")
    history.exited("2023-03-02", "o1")
    history.add("2023-03-02", "FollowUpScheduled", person="p", rank=1, milestone="M3", due_on="2023-06-02", window_end="2023-07-02")
    neutralised = history.add("2023-08-01", "ExitNeutralised", person="p", rank=1, reason="DECES")
    for indicator, quarter in (("positive_rate", "2023-Q1"), ("positive_rate_on_exits", "2023-Q1"), ("follow_up_m3", "2023-Q3")):
        assert history.figure(indicator, quarter) == (0, 0)
        assert history.figure(indicator, quarter, as_of=neutralised - 1)[1] == 1
    history.add("2023-09-01", "NeutralisationLifted", person="p", rank=1, why="SAISIE")
    assert history.figure("positive_rate", "2023-Q1") == (1, 1)


@pytest.mark.parametrize(("renewed_on", "due"), [("2023-05-20", 0), ("2023-06-02", 1), ("2023-06-20", 1)])
def test_a_renewal_cancels_only_a_follow_up_that_had_not_fallen_due(history: History, renewed_on: str, due: int) -> None:
    history.opened("2023-01-10")
    history.exited("2023-03-02")
    history.add("2023-03-02", "FollowUpScheduled", person="p", rank=1, milestone="M3", due_on="2023-06-02", window_end="2023-07-02")
    history.opened(renewed_on, rank=2)
    history.add(renewed_on, "FollowUpCancelled", person="p", rank=1, milestone="M3")
    assert history.figure("follow_up_m3", "2023-Q3") == (0, due)


def test_a_barrier_that_comes_back_is_a_second_one(history: History) -> None:
    for on, name in (("2023-01-10", "Identified"), ("2023-02-10", "Lifted"), ("2023-03-10", "Identified"), ("2023-05-10", "Lifted")):
        history.add(on, f"Barrier{name}", person="p", rank=1, thematique="mobilite")
    assert history.figure("barriers_lifted", "2023-Q1") == (1, 2)
    assert history.figure("barriers_lifted", "2023-Q2") == (2, 2)


def test_an_attendance_noted_by_mistake_counts_nowhere(history: History) -> None:
    for person, name in (("a", "Attended"), ("b", "Attended"), ("c", "Missed")):
        history.add("2023-01-10", f"Workshop{name}", workshop="w", person=person, excused=False)
    history.add("2023-01-12", "AttendanceWithdrawn", workshop="w", person="a", seat=True)
    assert history.figure("workshop_attendance", "2023-Q1") == (1, 2)


def test_what_is_set_aside_counts_nowhere_from_then_on(history: History) -> None:
    met = history.met("2023-02-01")
    aside = history.add("2023-02-02", "FactSetAside", "all", position=met, reason="typing error")
    assert history.figure("people_met", "2023-Q1") == (0,)
    assert history.figure("people_met", "2023-Q1", as_of=aside - 1) == (1,)


def test_a_fact_is_late_when_it_is_recorded_more_than_fifteen_days_after_its_quarter(history: History) -> None:
    for recorded in ("2023-04-15", "2023-04-16"):
        history.add("2023-03-31", "InterviewHeld", recorded=recorded, person="p", rank=1)
    assert history.figure("late_facts", "2023-Q1") == (1,)


def test_definitions_are_in_force_from_a_quarter_on(history: History) -> None:
    history.opened("2023-01-10")
    history.job("2023-02-01", "o1", "SIAE")
    history.exited("2023-02-02", "o1")
    changed: dict[str, Any] = {**DEFINITIONS, "version": 2, "from_quarter": "2023-Q2", "outcome_classes": {**CLASSES, "SIAE": "POSITIVE"}}
    history.add("2023-04-01", "DefinitionsPublished", **changed)
    assert history.figure("positive_rate", "2023-Q1") == (0, 1)
    assert history.figure("positive_rate", "2023-Q2") == (1, 1)
    assert history.figure("positive_rate", "2023-Q1", version=2) == (1, 1)


def test_every_declared_indicator_is_counted(history: History) -> None:
    facts = facts_as_of(history.events, None)
    assert oracle.Quarter(facts, facts[0], "2023-Q1").cells("all").keys() >= INDICATORS.keys()
