"""The check of coverage in the background tells metrics and the log what is wrong, rests, and forgets when it ends."""

import logging
import threading
from pathlib import Path

import pytest

from services.bootstrap.coverage_check import (
    BESIDE_LOG,
    MIN_INTERVAL_S,
    OF_REPORTING,
    POLL_INTERVAL_S,
    REST,
    SHARE,
    check_beside_log,
    check_of_reporting,
)
from shared.errors import Unavailable
from shared.metrics import REGISTRY
from tests.contract.consuming import Installation, Without
from tests.processes import eventually


@pytest.fixture
def parcours(tmp_path: Path) -> Installation:
    return Installation(tmp_path, {})


def faults_of(consumer: str) -> float | None:
    return REGISTRY.get_sample_value("parcours_coverage_faults", {"consumer": consumer})


def checked(check: str) -> float | None:
    return REGISTRY.get_sample_value("parcours_coverage_checked_timestamp_seconds", {"check": check})


def without_one(parcours: Installation) -> int:
    left_out = parcours.orient("p-0")
    parcours.orient("p-1")
    inbox = parcours.inbox()
    inbox.store = Without(inbox.store, left_out)
    parcours.react(inbox)
    return left_out


def test_what_is_wrong_is_counted_by_consumer_and_logged_once(parcours: Installation, caplog: pytest.LogCaptureFixture) -> None:
    parcours.create_webhook()
    left_out = without_one(parcours)
    parcours.send()
    check = check_beside_log(parcours.components)
    with caplog.at_level(logging.ERROR):
        check.check()
        check.check()
    assert (faults_of("coaching.inbox"), faults_of("webhook")) == (1, 0)
    (line,) = [record.getMessage() for record in caplog.records if record.name == check.__module__]
    assert line == f"coaching.inbox: the event at position {left_out} was not applied (parcours audit coverage)"
    assert checked(BESIDE_LOG)
    check.forget()
    assert (faults_of("coaching.inbox"), faults_of("webhook")) == (None, None)


def test_the_read_models_are_checked_once_they_are_filled(parcours: Installation) -> None:
    parcours.meet("p-0")
    check = check_of_reporting(parcours.components)
    check.check()
    assert faults_of("reporting.inbox") is None
    parcours.fold()
    check.check()
    assert faults_of("reporting.inbox") == 0
    assert checked(OF_REPORTING)
    check.forget()


def test_one_process_checks_and_its_metrics_end_with_it(parcours: Installation) -> None:
    without_one(parcours)
    check, other = check_beside_log(parcours.components), check_beside_log(parcours.components)
    threads = [threading.Thread(target=each.run, daemon=True) for each in (check, other)]
    threads[0].start()
    eventually(lambda: faults_of("coaching.inbox") == 1)
    threads[1].start()
    assert other.labels == set()
    for each, thread in zip((check, other), threads, strict=True):
        each.stop()
        thread.join(20)
        assert not thread.is_alive()
    assert faults_of("coaching.inbox") is None
    assert REGISTRY.get_sample_value("parcours_lease_held", {"lease": BESIDE_LOG}) == 0


def test_a_check_that_fails_is_logged_and_tried_again(
    parcours: Installation, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = check_beside_log(parcours.components)
    failures = iter([RuntimeError("a defect"), Unavailable("away")])
    waits: list[float] = []

    def fail() -> None:
        if (failure := next(failures, None)) is not None:
            raise failure
        check.stop()

    monkeypatch.setattr(check, "check", fail)
    monkeypatch.setattr(check.stopping, "wait", waits.append)
    check.run()
    assert waits == [MIN_INTERVAL_S, POLL_INTERVAL_S]
    assert "coverage could not be checked" in caplog.text


def test_it_rests_between_pages_and_longer_after_a_longer_check(parcours: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    parcours.meet("p-0")
    parcours.relay()
    spent, now = iter([0.0, 0.5, 0.5, 2.5]), iter([0.0, 499.0, 501.0])
    monkeypatch.setattr("services.bootstrap.coverage_check.time.thread_time", lambda: next(spent))
    monkeypatch.setattr("services.bootstrap.coverage_check.time.monotonic", lambda: next(now))
    waits: list[float] = []
    check = check_beside_log(parcours.components)
    monkeypatch.setattr(check.stopping, "wait", waits.append)
    check.check()
    assert waits == [REST * 0.5]  # after a page
    assert check.spent == 2.5
    check.wait(held=True)
    assert waits[1:] == [POLL_INTERVAL_S]  # it looked once more, and then the time was over
    assert 2.5 / SHARE == 500 > MIN_INTERVAL_S
