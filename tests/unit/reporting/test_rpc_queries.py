"""Readers that wait until the facts have reached a position."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Event

import pytest

from services.reporting.queries import rpc_queries
from services.reporting.queries.reports import Reports
from services.reporting.queries.rpc_queries import MAX_WAITING_READERS, ReportQueries
from tests.contract.read_models.tables import random_history, reader_of
from tests.unit.reporting.history import ORNE

EVENTS = random_history(3, 4)
HEAD = EVENTS[-1].position


def test_a_waiting_reader_is_answered_when_the_facts_reach_its_position() -> None:
    with closing(Reports("sqlite://", ORNE, reader_of(EVENTS))) as reports, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ReportQueries(reports, lambda: HEAD).position, HEAD)
        reports.apply(EVENTS[:-1])
        reports.apply(EVENTS)
        assert answer.result() == HEAD


def test_a_reader_of_a_position_that_is_not_reached_gets_the_current_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpc_queries, "WAIT_TIMEOUT_S", 0.05)
    with closing(Reports("sqlite://", ORNE, reader_of(EVENTS))) as reports:
        reports.apply(EVENTS)
        assert ReportQueries(reports, lambda: HEAD).position(HEAD + 1) == HEAD


def test_waiting_readers_leave_workers_for_other_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service has sixteen workers: if all of them waited, no figure and no health check could be answered."""
    monkeypatch.setattr(rpc_queries, "WAIT_TIMEOUT_S", 60)
    pause = Event()
    with closing(Reports("sqlite://", ORNE, reader_of(EVENTS))) as reports, ThreadPoolExecutor(MAX_WAITING_READERS + 5) as pool:
        queries = ReportQueries(reports, lambda: HEAD)
        answers = [pool.submit(queries.position, HEAD) for _ in range(MAX_WAITING_READERS + 5)]
        while sum(answer.done() for answer in answers) < 5:
            pause.wait(0.01)
        assert {answer.result() for answer in answers if answer.done()} == {0}
        reports.apply(EVENTS)
        assert sorted(answer.result() for answer in answers) == [0] * 5 + [HEAD] * MAX_WAITING_READERS
