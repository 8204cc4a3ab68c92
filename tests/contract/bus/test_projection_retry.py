"""A projection that stopped, its status in the read models' database, and an operator on another connection."""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from services.reporting.projection.projector import Projector
from services.reporting.projection.read_models import ReadModels
from services.reporting.projection.status import ProjectionStatus
from services.reporting.queries.reports import Reports
from shared.bus.inbox_consumer import IDLE_INTERVAL_S, InboxConsumer
from shared.message import EventMessage, Position
from tests.contract.bus.running import Bus
from tests.processes import eventually
from tests.unit.reporting.history import ORNE

IGNORED = "coaching.Noted"  # a kind that makes no fact
SECRET = "Key (person)=(p-of-another) already exists"


class FailingProjector(Projector):
    """Real read models, which cannot apply the events at the positions of `faults`. `attempts` are the positions that failed."""

    def __init__(self, url: str, bus: Bus) -> None:
        super().__init__(Reports(url, ORNE, bus.store.read_at), bus.store)
        self.faults: dict[Position, Exception] = {}
        self.attempts: list[Position] = []

    def apply(self, events: Sequence[EventMessage]) -> Position:
        for event in events:
            if event.position in self.faults and event.position > self.position():
                self.attempts.append(event.position)
                raise self.faults[event.position]
        return super().apply(events)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/read_models.sqlite"


@pytest.fixture
def projector(url: str, bus: Bus) -> Iterator[FailingProjector]:
    """Fails at the third event."""
    projector = FailingProjector(url, bus)
    projector.faults[3] = KeyError(SECRET)
    yield projector
    bus.close()
    projector.reports.close()


@pytest.fixture
def operator(url: str, projector: FailingProjector) -> Iterator[ProjectionStatus]:
    with closing(ReadModels(url)) as models:
        yield ProjectionStatus(models, "reporting")


def stopped(bus: Bus, projector: FailingProjector) -> InboxConsumer:
    """A consumer whose projection has stopped at the third of six events, and has recorded that."""
    consumer = bus.consume(bus.projection_inbox(projector))
    eventually(lambda: consumer.caught_up)  # earlier events would be folded by the first rebuild, which does not fail
    bus.record(6, IGNORED)
    eventually(projector.status.stop)
    assert not consumer.healthy()
    return consumer


def wait_for_polls() -> None:
    """Longer than a stopped projection waits before it looks for a request, twice."""
    time.sleep(3 * IDLE_INTERVAL_S)


def test_a_stopped_projection_resumes_after_a_retry_from_another_connection_and_not_before(
    bus: Bus, projector: FailingProjector, operator: ProjectionStatus
) -> None:
    bus.start_relay()
    consumer = stopped(bus, projector)
    stop = operator.stop()
    assert stop is not None
    assert (stop.position, stop.kind, stop.reason, stop.retry_requested) == (3, IGNORED, "KeyError", False)
    projector.faults.clear()
    wait_for_polls()
    assert (consumer.healthy(), projector.position()) == (False, 2)
    assert operator.request_retry()
    eventually(lambda: projector.position() == 6)
    assert consumer.healthy()
    eventually(lambda: operator.stop() is None)
    assert not operator.request_retry()


def test_a_retry_that_fails_stops_the_projection_again(bus: Bus, projector: FailingProjector, operator: ProjectionStatus) -> None:
    consumer = stopped(bus, projector)
    before = projector.attempts.count(3)
    assert operator.request_retry()
    eventually(lambda: projector.attempts.count(3) > before)
    eventually(lambda: not consumer.healthy())
    attempts = projector.attempts.count(3)
    wait_for_polls()
    assert projector.attempts.count(3) == attempts
    stop = operator.stop()
    assert stop is not None
    assert (stop.position, stop.retry_requested) == (3, False)


def test_every_process_that_stopped_goes_on_after_one_retry(
    bus: Bus, url: str, projector: FailingProjector, operator: ProjectionStatus
) -> None:
    first = stopped(bus, projector)
    other = FailingProjector(url, bus)
    other.faults = projector.faults
    second = bus.start(InboxConsumer(bus.projection_inbox(other), bus.checkpoints, bus.uri))
    eventually(lambda: not second.healthy())
    projector.faults.clear()
    assert operator.request_retry()
    eventually(lambda: first.healthy() and second.healthy())
    eventually(lambda: projector.position() == 6)
    eventually(lambda: first.active != second.active)


def test_a_rebuild_that_applies_the_event_lets_the_projection_go_on(
    bus: Bus, url: str, projector: FailingProjector, operator: ProjectionStatus
) -> None:
    consumer = stopped(bus, projector)
    with closing(Reports(url, ORNE, bus.store.read_at)) as reports:
        assert reports.rebuild(bus.store) == 6
    eventually(consumer.healthy)
    eventually(lambda: operator.stop() is None)
    (late,) = bus.record(1, IGNORED)
    eventually(lambda: projector.position() == late)


def test_a_process_that_applies_the_event_removes_the_stop_of_an_earlier_one(
    bus: Bus, projector: FailingProjector, operator: ProjectionStatus
) -> None:
    bus.stop(stopped(bus, projector))
    projector.faults.clear()
    successor = bus.consume(bus.projection_inbox(projector))
    eventually(lambda: successor.caught_up)
    assert operator.stop() is None
