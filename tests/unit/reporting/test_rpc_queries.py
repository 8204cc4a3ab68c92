"""ReaderPool who wait for the facts to reach a position."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Event

import pytest

from services.reporting.queries import rpc_queries
from services.reporting.queries.reports import Reports
from services.reporting.queries.rpc_queries import WAITING, ReportQueries
from tests.contract.read_models.tables import at, lives
from tests.unit.reporting.history import ORNE

EVENTS = lives(3, 4)
HEAD = EVENTS[-1].position


def test_a_reader_is_answered_when_the_facts_are_there() -> None:
    with closing(Reports("sqlite://", ORNE, at(EVENTS))) as reporting, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ReportQueries(reporting).position, HEAD)
        reporting.apply(EVENTS[:-1])
        reporting.apply(EVENTS)
        assert asked.result() == HEAD


def test_a_reader_of_what_never_comes_is_told_where_the_facts_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpc_queries, "PATIENCE", 0.05)
    with closing(Reports("sqlite://", ORNE, at(EVENTS))) as reporting:
        reporting.apply(EVENTS)
        assert ReportQueries(reporting).position(HEAD + 1) == HEAD


def test_so_many_wait_that_others_are_still_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service has sixteen workers: were they all to wait, nobody could ask for a figure, nor for its health."""
    monkeypatch.setattr(rpc_queries, "PATIENCE", 60)
    waiting = Event()
    with closing(Reports("sqlite://", ORNE, at(EVENTS))) as reporting, ThreadPoolExecutor(WAITING + 5) as pool:
        one = ReportQueries(reporting)
        asked = [pool.submit(one.position, HEAD) for _ in range(WAITING + 5)]
        while sum(answer.done() for answer in asked) < 5:
            waiting.wait(0.01)
        assert {answer.result() for answer in asked if answer.done()} == {0}
        reporting.apply(EVENTS)
        assert sorted(answer.result() for answer in asked) == [0] * 5 + [HEAD] * WAITING
