"""Plausible histories of any size, generated line by line."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from itertools import islice
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demo.command_lines import CommandLine, stable_id
from demo.generator import generate
from tests.demo.history import load

START, END = date(2022, 6, 1), date(2024, 6, 30)


def people(lines: Iterable[CommandLine]) -> set[str]:
    """The people met; a second record of a person is no other person."""
    records = {line["data"]["person"] for line in lines if line["type"] == "IdentifyPerson"}
    return records - {str(stable_id(record, "second record")) for record in records}


@pytest.mark.parametrize(("persons", "start", "end"), [(600, START, END), (30, date(2026, 1, 5), date(2026, 3, 1)), (1, START, START)])
def test_nothing_of_a_generated_history_is_refused(persons: int, start: date, end: date, tmp_path: Path) -> None:
    assert load(tmp_path, generate(persons, 3, start, end)).refused == []


def test_a_second_history_can_be_loaded_after_the_first(tmp_path: Path) -> None:
    """The decisions at the start of the programme are the same commands in both, so they are recorded once."""
    first = load(tmp_path, generate(20, 1, START, END))
    second = load(tmp_path, generate(20, 2, START, END))
    assert first.refused == second.refused == []
    assert len(second.data_of("DefinitionsPublished")) == 1
    assert len(people(first.lines)) == len(people(second.lines)) == 20


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
    assert len(people(lines)) <= persons


def test_a_large_history_is_generated_line_by_line() -> None:
    """No plan is drawn before its day: the first lines of a million people come at once."""
    lines = list(islice(generate(1_000_000, 1, START, END), 2_000))
    assert len(lines) == 2_000


def test_some_lives_are_strange(lines_of_a_thousand: list[CommandLine]) -> None:
    """Every case of strange_lives.py occurs, in a share that stays small."""
    lines = lines_of_a_thousand
    types = Counter(line["type"] for line in lines)
    exits = types["ExitJourney"]
    for name, least, most in (
        ("TransferJourney", 0.02, 0.15),
        ("NeutraliseExit", 0.005, 0.1),
        ("CorrectExit", 0.005, 0.1),
        ("GrantRenewal", 0.01, 0.15),
        ("MergePersons", 0.01, 0.1),
    ):
        assert least * exits <= types[name] <= most * exits, name
    answered = {line["data"]["orientation"] for line in lines if line["type"] in {"AcceptOrientation", "DeclineOrientation"}}
    received = [line for line in lines if line["type"] == "ReceiveOrientation"]
    waiting = sum(line["data"]["orientation"] not in answered for line in received)
    assert 0.02 * len(received) <= waiting <= 0.2 * len(received)
    assert types["DestroyPersonKey"] > 0
    assert repeated(lines, "IdentifyBarrier", "thematique") > 0


def test_some_facts_are_known_late(lines_of_a_thousand: list[CommandLine]) -> None:
    delays = [datetime.fromisoformat(line["recorded_time"]) - datetime.fromisoformat(line["time"]) for line in lines_of_a_thousand]
    late = sum(delay > timedelta(days=15) for delay in delays)
    assert 0.001 * len(delays) < late < 0.05 * len(delays)


@pytest.fixture(scope="module")
def lines_of_a_thousand() -> list[CommandLine]:
    return list(generate(1_000, 21, START, END))


def repeated(lines: Iterable[CommandLine], name: str, field: str) -> int:
    """How often a person has the same command with the same value again."""
    counts = Counter((line["data"]["person"], line["data"][field]) for line in lines if line["type"] == name)
    return sum(count - 1 for count in counts.values())
