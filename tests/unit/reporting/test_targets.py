"""Targets: one for each rate, territory and quarter from which it is in force."""

import pytest

from services.reporting.answers import GapCell
from tests.unit.reporting.history import History
from tests.unit.reporting.test_figures import figures


@pytest.mark.parametrize("names", [("positive_rate", "positive_target"), ("positive_target", "positive_rate")])
def test_two_names_of_one_target_are_one_and_the_later_counts(names: tuple[str, str]) -> None:
    history = History()
    for name, value in zip(names, (25, 40), strict=True):
        history.record("reporting.TargetSet", "2022-06-01", "all", indicator=name, value=value, from_quarter="2022-Q2", for_territory=None)
    for person in range(10):
        history.coach(f"p{person}", "2022-07-01")
    assert figures(history, quarter="2022-Q4")["positive_target"] == GapCell(-40, 4)
