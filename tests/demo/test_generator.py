"""Plausible histories of any size, told as they are asked for."""

from datetime import date, datetime
from itertools import islice
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demo.generator import generate
from tests.demo.history import load

START, END = date(2022, 6, 1), date(2024, 6, 30)


@pytest.mark.parametrize(("persons", "start", "end"), [(150, START, END), (30, date(2026, 1, 5), date(2026, 3, 1)), (1, START, START)])
def test_nothing_of_a_generated_history_is_refused(persons: int, start: date, end: date, tmp_path: Path) -> None:
    assert load(tmp_path, generate(persons, 3, start, end)).refused == []


def test_a_second_history_can_be_loaded_behind_the_first(tmp_path: Path) -> None:
    """What the programme decides at its start is the same in both: it is recorded once."""
    first = load(tmp_path, generate(20, 1, START, END))
    second = load(tmp_path, generate(20, 2, START, END))
    assert first.refused == second.refused == []
    assert len(second.of("DefinitionsPublished")) == 1
    assert len(second.of("PersonIdentified")) == 40


def test_the_same_seed_tells_the_same_history() -> None:
    once, again, other = (msgspec.json.encode(list(generate(60, seed, START, END))) for seed in (5, 5, 6))
    assert once == again != other


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 60), st.integers(0, 1_000), st.integers(0, 500))
def test_a_history_stays_in_its_days_and_in_order(persons: int, seed: int, days: int) -> None:
    end = date.fromordinal(START.toordinal() + days)
    lines = list(generate(persons, seed, START, end))
    recorded = [datetime.fromisoformat(line["recorded_time"]) for line in lines]
    assert recorded == sorted(recorded)
    assert all(START <= moment.date() <= end for moment in recorded)
    assert all(line["time"] <= line["recorded_time"] or line["time"][-6:] != line["recorded_time"][-6:] for line in lines)
    assert sum(line["type"] == "IdentifyPerson" for line in lines) <= persons


def test_a_whole_country_is_told_line_by_line() -> None:
    """Nothing is made before it is asked for: the first lines of a million lives come at once."""
    lines = list(islice(generate(1_000_000, 1, START, END), 2_000))
    assert len(lines) == 2_000
