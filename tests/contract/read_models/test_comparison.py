"""A rebuild compares its counts with those of the live tables before it replaces them."""

import logging
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import update

from services.reporting.facts import tables as t
from services.reporting.queries.reports import Reports
from shared.store.sqlite.store import SqliteStore
from tests.contract.read_models.tables import folded_in_memory, random_history, sqlite_log, table_contents

LOGGER = "services.reporting.projection.comparison"
CELL = (t.balance.c.side == "people_met.numerator", t.balance.c.quarter == "2022-Q3", t.balance.c.territory == "flers")


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteStore]:
    with closing(sqlite_log(random_history(7, 20), tmp_path / "log.sqlite")) as store:
        yield store


def logged(caplog: pytest.LogCaptureFixture) -> list[tuple[int, str]]:
    return [(level, text) for name, level, text in caplog.record_tuples if name == LOGGER]


@pytest.mark.parametrize("behind", [0, 40])
def test_the_same_counts_are_told(report: Reports, log: SqliteStore, caplog: pytest.LogCaptureFixture, behind: int) -> None:
    """The live tables may be behind: then they are compared as of their position."""
    caplog.set_level(logging.INFO, LOGGER)
    events = log.read_all(0, 10_000)
    position = report.apply(events[: len(events) - behind])
    report.rebuild(log)
    assert logged(caplog) == [(logging.INFO, f"The rebuild counts as the live tables do, as of position {position}.")]


@pytest.mark.parametrize("behind", [0, 40])
def test_a_difference_is_an_error_that_names_the_cell_and_the_log_is_right(
    report: Reports, log: SqliteStore, caplog: pytest.LogCaptureFixture, behind: int
) -> None:
    events = log.read_all(0, 10_000)
    position = report.apply(events[: len(events) - behind])
    with report.models.writing() as connection:
        connection.execute(update(t.balance).where(*CELL).values(total=t.balance.c.total + 100))
    report.rebuild(log)
    (level, first), (_, second) = logged(caplog)
    assert level == logging.ERROR
    assert first == f"The rebuild counts otherwise than the live tables in 1 cells, as of position {position}."
    assert second.startswith("people_met.numerator, definitions 0, 2022-Q3, flers, amount 0: the live tables counted 10")
    assert table_contents(report) == table_contents(folded_in_memory(events))


def test_tables_of_another_log_are_not_compared(
    report: Reports, log: SqliteStore, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.INFO, LOGGER)
    report.apply(log.read_all(0, 10_000))
    with closing(sqlite_log(random_history(8, 25), tmp_path / "other.sqlite", now=True)) as other:
        report.rebuild(other)
    assert logged(caplog) == []
