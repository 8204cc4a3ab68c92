"""What an event and a page cost follows from what changes, not from how much was recorded before: counted, not timed."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event as sqlalchemy_event

from services.reporting.queries.reports import Reports
from tests.unit.reporting.history import ORNE, History

FEW, MANY = 40, 800  # persons
STEPS_AT_ONCE = 20  # of SQLite's machine, between two calls of the counter


class Counted:
    """Statements, and steps of SQLite's machine: they grow with the rows that a statement touches."""

    statements = 0
    steps = 0


@contextmanager
def counting(reports: Reports) -> Iterator[Counted]:
    counted, connections = Counted(), list[sqlite3.Connection]()

    def statement(text: str) -> None:
        counted.statements += 1

    def step() -> int:
        counted.steps += 1
        return 0

    def watch(connection: sqlite3.Connection, *_: object) -> None:
        connections.append(connection)
        connection.set_trace_callback(statement)
        connection.set_progress_handler(step, STEPS_AT_ONCE)

    sqlalchemy_event.listen(reports.models.engine, "checkout", watch)
    try:
        yield counted
    finally:
        sqlalchemy_event.remove(reports.models.engine, "checkout", watch)
        for connection in connections:
            connection.set_trace_callback(None)
            connection.set_progress_handler(None, 0)


def grown(folder: Path, persons: int) -> tuple[Reports, History]:
    """The read models after so many lives, all of the same kind."""
    history = History()
    for number in range(persons):
        person, month = f"p{number}", number % 9 + 1
        history.meet(person, f"2023-0{month}-10")
        history.coach(person, f"2023-0{month}-12")
        history.job(person, f"2023-0{month}-20", "CDI")
        history.leave(person, f"2023-0{month}-25", "o1")
    reports = Reports(f"sqlite:///{folder}/models-{persons}.sqlite", ORNE, history.read_at)
    reports.apply(history.events)
    return reports, history


def apply_one(reports: Reports, history: History) -> None:
    history.meet("somebody", "2023-05-02")
    reports.apply(history.events[-1:])


def exit_one(reports: Reports, history: History) -> None:
    history.record("coaching.ExitNeutralised", "2023-12-01", person="p7", rank=1, reason="DEMENAGEMENT")
    reports.apply(history.events[-1:])


def read_page(reports: Reports, history: History) -> None:
    reports.figure_sets = {}
    reports.committee("alencon", "2023-Q3", audience="coordinator")


@pytest.mark.parametrize("work", [apply_one, exit_one, read_page])
def test_it_costs_the_same_among_few_and_among_many(tmp_path: Path, work: Callable[[Reports, History], None]) -> None:
    costs = []
    for persons in (FEW, MANY):
        reports, history = grown(tmp_path, persons)
        work(reports, history)  # once before: statements are compiled, schemas are read
        with counting(reports) as counted:
            work(reports, history)
        costs.append(counted)
        reports.close()
    few, many = costs
    assert few.statements > 0
    assert many.statements == few.statements
    assert many.steps <= few.steps * 1.5 + 20
