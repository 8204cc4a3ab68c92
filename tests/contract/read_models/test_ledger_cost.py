"""What an event and a page cost follows from what changes, not from how much was recorded before: counted, not timed."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest
from sqlalchemy import Connection
from sqlalchemy import event as sqlalchemy_event

from services.reporting.ledger import balances
from services.reporting.queries.past_facts import PastFacts
from services.reporting.queries.reports import Reports
from tests.unit.reporting.counted import fold_only
from tests.unit.reporting.history import ORNE, History
from tests.unit.reporting.random_histories import recorded

FEW, MANY = 40, 800  # persons
TOWN = "flers"
BATCH = 50  # events that are applied together
FETCHED = "select coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::bigint from pg_stat_xact_user_tables"
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


def lives(persons: int) -> History:
    """So many lives, all of the same kind; the first of them in a town of its own, where the exit is neutralised at the end."""
    history = History()
    for number in range(persons):
        person, month, town = f"p{number}", number % 9 + 1, TOWN if number < 1 else "alencon"
        history.meet(person, f"2023-0{month}-10", town)
        history.coach(person, f"2023-0{month}-12", town)
        history.job(person, f"2023-0{month}-20", "CDI", at=town)
        history.leave(person, f"2023-0{month}-25", "o1", at=town)
    history.record("coaching.ExitNeutralised", "2023-12-01", TOWN, person="p0", rank=1, reason="DECES")
    return history


def grown(folder: Path, persons: int, *, at_once: bool) -> tuple[Reports, History]:
    """The read models after so many lives: as in the life of an installation, or made from the log, which writes many events at once."""
    history = lives(persons)
    reports = Reports(f"sqlite:///{folder}/models-{persons}.sqlite", ORNE, history.read_at)
    apply_in_batches(reports, history, max(BATCH, len(history.events) * at_once))
    return reports, history


def apply_in_batches(reports: Reports, history: History, batch: int = BATCH) -> None:
    """With subtotals in between."""
    with patch.object(balances, "LEAST_ENTRIES", BATCH):
        for start in range(0, len(history.events), batch):
            reports.apply(history.events[start : start + batch])


def apply_one(reports: Reports, history: History) -> None:
    history.meet("somebody", "2023-05-02")
    reports.apply(history.events[-1:])


def exit_one(reports: Reports, history: History) -> None:
    history.record("coaching.ExitNeutralised", "2023-12-01", person="p7", rank=1, reason="DEMENAGEMENT")
    reports.apply(history.events[-1:])


def read_page(reports: Reports, history: History) -> None:
    reports.figure_sets = {}
    reports.committee("alencon", "2023-Q3", audience="coordinator")


def read_page_as_of(reports: Reports, history: History) -> None:
    """As of the middle of the log: the sum begins with a subtotal."""
    with reports.models.reading() as connection:
        figures = reports.figure_set(connection, "alencon", "2023-Q3", None, history.events[len(history.events) // 2].position)
    assert figures.figure("people_met", "alencon", "2023-Q3").numerator > 0
    reports.figure_sets = {}


def read_facts_as_of(reports: Reports, history: History) -> None:
    """As of the middle of the log: of an exit that is neutralised now, what was known then."""
    with reports.models.reading() as connection:
        figures = reports.figure_set(connection, TOWN, "2023-Q3", None, history.events[len(history.events) // 2].position)
        past = PastFacts(connection, figures, TOWN, "2023-Q3", history.read_at)
        rows = past.rows(figures.indicator("positive_rate", "2023-Q3"), "numerator")
    assert {row["person"] for row in rows} == {"p0"}


WORKS = [apply_one, exit_one, read_page, read_page_as_of, read_facts_as_of]


@pytest.mark.parametrize(("work", "at_once"), [*((work, False) for work in WORKS), (read_page_as_of, True), (read_facts_as_of, True)])
def test_it_costs_the_same_among_few_and_among_many(tmp_path: Path, work: Callable[[Reports, History], None], at_once: bool) -> None:
    costs = []
    for persons in (FEW, MANY):
        reports, history = grown(tmp_path, persons, at_once=at_once)
        work(reports, history)  # once before: statements are compiled, schemas are read
        with counting(reports) as counted:
            work(reports, history)
        costs.append(counted)
        reports.close()
    few, many = costs
    assert few.statements > 0
    assert many.statements == few.statements
    assert many.steps <= few.steps * 1.5 + 20


def rows_fetched(reports: Reports, work: Callable[[Reports, History], None], history: History) -> int:
    """The rows that PostgreSQL fetches for a piece of work, of all tables and by whatever way."""
    counts: list[int] = []

    def committing(connection: Connection) -> None:
        counts.append(connection.exec_driver_sql(FETCHED).scalar_one())

    engine = reports.models.engine
    with engine.connect() as connection:
        connection.exec_driver_sql("select pg_stat_force_next_flush()")
    sqlalchemy_event.listen(engine, "commit", committing)
    work(reports, history)
    sqlalchemy_event.remove(engine, "commit", committing)
    return counts[-1]  # the server adds up what it has not flushed


@pytest.mark.parametrize("work", WORKS)
def test_postgresql_fetches_as_many_rows_among_few_and_among_many(postgres_dsn: str, work: Callable[[Reports, History], None]) -> None:
    fetched = []
    reports = Reports(postgres_dsn, ORNE, lambda positions: [])
    for persons in (FEW, MANY):
        history = lives(persons)
        fold_only(reports, recorded([]))
        apply_in_batches(reports, history)
        with reports.models.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("vacuum analyze")  # as the server does by itself after a while
        work(reports, history)
        fetched.append(rows_fetched(reports, work, history))
    reports.close()
    few, many = fetched
    assert many <= few * 1.5 + 20
