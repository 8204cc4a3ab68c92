"""Modules stay readable: short files, short functions, names that say what they hold."""

from pathlib import Path
from statistics import median

import pytest

from tests.architecture.source import files, functions, name, tracked

FILE_WALL, FILE_MEDIAN = 300, 80
FUNCTION_WALL, FUNCTION_MEDIAN = 40, 8
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "misc"}


@pytest.mark.parametrize("path", files(), ids=name)
def test_a_file_has_at_most_300_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= FILE_WALL


@pytest.mark.parametrize("path", files(), ids=name)
def test_a_function_has_at_most_40_lines(path: Path) -> None:
    assert [f"{where}: {lines} lines" for where, lines in functions(path) if lines > FUNCTION_WALL] == []


def test_the_median_function_has_at_most_8_lines() -> None:
    assert (
        median(function.lines for path in files("services", "shared", "demo", "deploy") for function in functions(path)) <= FUNCTION_MEDIAN
    )


def test_the_median_file_is_one_page() -> None:
    assert median(len(path.read_text().splitlines()) for path in files("services", "shared", "demo", "deploy")) <= FILE_MEDIAN


def test_every_module_has_a_name_that_says_what_it_holds() -> None:
    words = {(path, word) for path in tracked() if path.endswith(".py") for word in Path(path).with_suffix("").parts}
    assert sorted(path for path, word in words if word in EMPTY_NAMES) == []
