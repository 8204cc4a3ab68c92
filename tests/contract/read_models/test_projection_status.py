"""The status of a projection in each database, seen by two processes: each has connections of its own."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import inspect, update

from services.reporting.facts.tables import TABLES
from services.reporting.projection.projector import Projector
from services.reporting.projection.read_models import OtherVersion, ReadModels
from services.reporting.projection.status import TABLE, ProjectionStatus
from services.reporting.queries.reports import Reports
from shared.time import now
from tests.contract.read_models.tables import random_history, sqlite_log

STOP = (7, "coaching.JourneyExited", "KeyError")


@pytest.fixture
def projection(report: Reports) -> ProjectionStatus:
    return ProjectionStatus(report.models, "reporting")


@pytest.fixture
def operator(url: str, report: Reports) -> Iterator[ProjectionStatus]:
    with closing(ReadModels(url)) as models:
        yield ProjectionStatus(models, "reporting")


def test_without_a_table_the_projection_is_running(projection: ProjectionStatus) -> None:
    assert projection.stop() is None
    assert not projection.request_retry()
    assert not projection.take_retry_request()
    projection.record_running()
    assert not inspect(projection.models.engine).has_table(TABLE.name)


def test_a_stop_is_seen_by_the_operator_until_the_projection_is_running(projection: ProjectionStatus, operator: ProjectionStatus) -> None:
    projection.record_stop(*STOP)
    stop = operator.stop()
    assert stop is not None
    assert (stop.position, stop.kind, stop.reason, stop.retry_requested) == (*STOP, False)
    assert abs((now() - datetime.fromisoformat(stop.stopped_at)).total_seconds()) < 60
    projection.record_running()
    assert operator.stop() is None
    assert not operator.request_retry()
    projection.record_stop(8, "coaching.JourneyOpened", "Gap: x")
    assert (stop := operator.stop()) is not None
    assert stop.position == 8


def test_a_position_over_32_bits_is_recorded(projection: ProjectionStatus, operator: ProjectionStatus) -> None:
    projection.record_stop(2**62, "coaching.JourneyExited", "KeyError")
    assert (stop := operator.stop()) is not None
    assert stop.position == 2**62


def test_the_status_of_another_service_is_another_row(report: Reports, projection: ProjectionStatus) -> None:
    other = ProjectionStatus(report.models, "other")
    projection.record_stop(*STOP)
    assert other.stop() is None
    assert not other.request_retry()
    other.record_stop(9, "intake.PersonIdentified", "KeyError")
    other.record_running()
    assert projection.stop() is not None


def test_a_request_is_taken_once(projection: ProjectionStatus, operator: ProjectionStatus) -> None:
    projection.record_stop(*STOP)
    assert not projection.take_retry_request()
    assert operator.request_retry()
    assert operator.request_retry()
    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(lambda _: projection.take_retry_request(), range(4)))
    assert sorted(taken) == [False, False, False, True]


def test_a_request_made_during_a_failing_attempt_is_kept_for_the_same_event_only(
    projection: ProjectionStatus, operator: ProjectionStatus
) -> None:
    projection.record_stop(*STOP)
    operator.request_retry()
    projection.record_stop(*STOP)
    assert (stop := operator.stop()) is not None
    assert stop.retry_requested
    projection.record_stop(8, "coaching.JourneyOpened", "KeyError")
    assert (stop := operator.stop()) is not None
    assert not stop.retry_requested


def test_the_status_outlives_the_tables_of_facts(
    report: Reports, projection: ProjectionStatus, operator: ProjectionStatus, tmp_path: Path
) -> None:
    """It can be read beside tables of another version, and a rebuild leaves it."""
    projection.record_stop(10**6, "coaching.JourneyExited", "KeyError")
    with report.models.writing() as connection:
        connection.execute(update(TABLES["checkpoint"]).values(name="facts of another version"))
    with pytest.raises(OtherVersion):
        report.position()
    assert operator.stop() is not None
    assert operator.request_retry()
    with closing(sqlite_log(random_history(3, 3), tmp_path / "log.sqlite")) as log:
        report.rebuild(log)
    assert (stop := operator.stop()) is not None
    assert stop.retry_requested


def test_a_projection_may_resume_once_per_request_or_when_its_event_is_applied(
    report: Reports, operator: ProjectionStatus, tmp_path: Path
) -> None:
    events = random_history(3, 3)
    with closing(sqlite_log(events, tmp_path / "log.sqlite")) as log:
        projector = Projector(report, log)
        applied = projector.apply(log.read_all(0, 5))
        projector.record_stop(applied + 1, "intake.PersonIdentified", "KeyError")
        assert not projector.may_resume()
        operator.request_retry()
        assert [projector.may_resume(), projector.may_resume()] == [True, False]
        report.rebuild(log)
        assert projector.may_resume()
        assert operator.stop() is not None
        projector.record_running()
        assert operator.stop() is None
