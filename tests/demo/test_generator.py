"""Plausible histories of any size, generated line by line."""

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


def test_a_second_history_can_be_loaded_after_the_first(tmp_path: Path) -> None:
    """The decisions at the start of the programme are the same commands in both, so they are recorded once."""
    first = load(tmp_path, generate(20, 1, START, END))
    second = load(tmp_path, generate(20, 2, START, END))
    assert first.refused == second.refused == []
    assert len(second.data_of("DefinitionsPublished")) == 1
    assert len(second.data_of("PersonIdentified")) == 40


def test_the_same_seed_gives_the_same_history() -> None:
    once, twice, other = (msgspec.json.encode(list(generate(60, seed, START, END))) for seed in (5, 5, 6))
    assert once == twice != other


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 60), st.integers(0, 1_000), st.integers(0, 500))
def test_a_history_stays_in_its_days_and_in_order(persons: int, seed: int, days: int) -> None:
    end = date.fromordinal(START.toordinal() + days)
    lines = list(generate(persons, seed, START, end))
    recorded = [datetime.fromisoformat(line["recorded_time"]) for line in lines]
    assert recorded == sorted(recorded)
    assert all(START <= time.date() <= end for time in recorded)
    assert all(datetime.fromisoformat(line["time"]) <= time for line, time in zip(lines, recorded, strict=True))
    assert sum(line["type"] == "IdentifyPerson" for line in lines) <= persons


def test_a_large_history_is_generated_line_by_line() -> None:
    """No plan is drawn before its day: the first lines of a million people come at once."""
    lines = list(islice(generate(1_000_000, 1, START, END), 2_000))
    assert len(lines) == 2_000
