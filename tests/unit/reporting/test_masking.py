"""What a committee does not see. The evidence and the trend are made from the same masked cells."""

from services.reporting.answers import BandCell, IndicatorLine, MaskedCell, Target, ValueCell, to_wire
from services.reporting.queries.reports import Reports
from tests.unit.reporting.history import ORNE, History

QUARTER = "2022-Q4"


def reported(history: History) -> Reports:
    report = Reports("sqlite://", ORNE, history.read_at)
    report.apply(history.events)
    return report


def cohort(history: History, size: int, positive: int, dynamic: int = 0, at: str = "alencon", exits: str = "2022-11-01") -> None:
    for number in range(size):
        person = f"{at}-{number}"
        history.meet(person, "2022-07-01", at)
        if number < positive + dynamic:
            history.success(person, "2022-07-02", exits, "CDI" if number < positive else "SIAE", at)
        else:
            history.coach(person, "2022-07-02", at)


def line(report: Reports, name: str, territory: str = "alencon", quarter: str = QUARTER) -> IndicatorLine:
    page = report.committee(territory, quarter)
    return next(line for line in page.indicators if line.id == name)


def shown(report: Reports, name: str, territory: str = "alencon", quarter: str = QUARTER) -> bool:
    return not isinstance(line(report, name, territory, quarter).cell, MaskedCell | BandCell)


def report_of_cohort(size: int, positive: int, dynamic: int = 0) -> Reports:
    """A committee's view of one cohort in Alençon."""
    history = History()
    cohort(history, size, positive, dynamic)
    return reported(history)


def test_one_to_four_people_with_a_quality_are_masked_and_five_are_not() -> None:
    assert [shown(report_of_cohort(30, positive), "positive_rate") for positive in (0, 1, 4, 5)] == [True, False, False, True]


def test_one_to_four_people_without_a_quality_are_masked() -> None:
    assert [shown(report_of_cohort(30, positive), "positive_rate") for positive in (25, 26, 29, 30)] == [True, False, False, True]


def test_a_rate_under_twenty_people_is_masked() -> None:
    assert [shown(report_of_cohort(size, 8), "positive_rate") for size in (19, 20)] == [False, True]


def test_a_masked_cell_gives_its_reason_in_french() -> None:
    reason = "De 1 à 4 personnes : un nombre aussi petit n’est pas montré exactement au comité."
    assert line(report_of_cohort(30, 2), "positive_rate").cell == BandCell(1, 4, 30, 30, reason)


def test_two_of_positive_dynamic_and_progress_never_give_away_the_third() -> None:
    report = report_of_cohort(40, 2, 10)
    assert [shown(report, name) for name in ("positive_rate", "dynamic_rate", "progress_rate")] == [False, False, True]
    report = report_of_cohort(40, 20, 18)  # two made no progress
    assert [shown(report, name) for name in ("positive_rate", "dynamic_rate", "progress_rate")] == [True, False, False]


def test_the_gap_to_the_target_is_masked_with_its_rate() -> None:
    history = History()
    history.record(
        "reporting.TargetSet", "2022-06-01", "all", indicator="positive_rate", value=25, from_quarter="2022-Q2", for_territory=None
    )
    cohort(history, 30, 2)
    report = reported(history)
    assert not shown(report, "positive_target")
    assert line(report, "positive_rate").target == Target(25, None, None)


def test_the_flow_masks_a_count_with_its_rate() -> None:
    flow = {stage.id: stage.cell for stage in report_of_cohort(30, 2).committee("alencon", QUARTER).flow}
    assert flow["coached"] == ValueCell(30)
    assert isinstance(flow["positive"], BandCell)


def test_a_recorded_release_shows_its_cell_and_no_other() -> None:
    history = History()
    cohort(history, 30, 2)
    history.record(
        "reporting.CellReleased", "2023-01-05", "all", indicator="positive_rate", quarter=QUARTER, of_territory="alencon", authority="COTER"
    )
    history.record("intake.ContactAttempted", "2023-01-06", person="alencon-1", outcome="JOINT")
    report = reported(history)
    assert shown(report, "positive_rate")
    assert not shown(report, "positive_rate", "all")
    assert not shown(report, "positive_rate", quarter="2023-Q1")


def test_a_trend_and_a_previous_quarter_are_masked_like_the_cell() -> None:
    history = History()
    cohort(history, 30, 2, exits="2022-08-01")
    cohort(history, 30, 6, at="flers", exits="2022-12-01")
    rate = line(reported(history), "positive_rate", "all")
    assert isinstance(rate.previous, BandCell)
    assert [(point.quarter, isinstance(point.cell, BandCell)) for point in rate.trend] == [("2022-Q3", True), ("2022-Q4", False)]


def test_a_masked_territory_cannot_be_derived_by_subtracting_the_others_from_the_programme() -> None:
    history = History()
    for town, positive in (("alencon", 2), ("flers", 7), ("argentan", 9)):
        cohort(history, 30, positive, at=town)
    report = reported(history)
    assert shown(report, "positive_rate", "all")
    assert [shown(report, "positive_rate", town) for town in ("alencon", "flers", "argentan")] == [False, False, True]
    assert not shown(report, "positive_target", "flers")  # the gap to the target gives the same number


def test_evidence_is_masked_for_a_committee_and_complete_for_an_auditor() -> None:
    report = report_of_cohort(30, 2)
    masked = report.evidence("positive_rate", "alencon", QUARTER)
    assert (masked.masked is not None, masked.facts, masked.count) == (True, [], None)
    complete = report.evidence("positive_rate", "alencon", QUARTER, audience="auditor")
    assert (complete.masked, complete.count, len(complete.facts)) == (None, 2, 2)
    assert {"person", "detail", "territory", "positions"} <= to_wire(complete.facts[0]).keys()


def test_the_denominator_of_a_masked_rate_is_masked_evidence_too() -> None:
    assert report_of_cohort(30, 2).evidence("positive_rate", "alencon", QUARTER, "denominator").facts == []


def test_a_committee_gets_the_count_of_facts_without_their_days_and_positions() -> None:
    evidence = report_of_cohort(30, 8).evidence("positive_rate", "alencon", QUARTER)
    assert (evidence.count, evidence.facts) == (8, [])
