"""A lease that the database took back: of two relays, or of two consumers of a service, only one goes on."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shared.bus.inbox import Inbox, Stopped
from shared.bus.inbox_consumer import InboxConsumer
from shared.bus.relay import Relay
from shared.errors import Unavailable
from shared.store.postgres.checkpoints import PostgresCheckpoints
from shared.store.postgres.store import PostgresStore
from tests.contract.bus.running import SERVICE, Bus, FakeProjection
from tests.contract.store.leases import end_lease
from tests.processes import eventually


@pytest.fixture
def bus(postgres_dsn: str, tmp_path: Path) -> Iterator[Bus]:
    bus = Bus("embedded://localhost", tmp_path, PostgresStore(postgres_dsn), PostgresCheckpoints(postgres_dsn))
    yield bus
    bus.close()


def one_active(first: Relay | InboxConsumer, second: Relay | InboxConsumer) -> bool:
    return first.active != second.active


def test_two_relays_are_not_both_active_after_a_lease_was_lost(bus: Bus, postgres_dsn: str) -> None:
    first = bus.start_relay()
    eventually(lambda: first.active)
    second = bus.start_relay()
    bus.consume(bus.policy_inbox())
    early = bus.record(20)
    eventually(lambda: bus.recorder.positions == early)
    assert end_lease(postgres_dsn, "relay")
    eventually(lambda: second.active or not first.active, "that one of them noticed")
    eventually(lambda: one_active(first, second), "that one of them is active")
    late = bus.record(20)
    eventually(lambda: bus.recorder.positions == early + late)
    assert one_active(first, second)


def test_two_consumers_are_not_both_active_after_a_lease_was_lost(bus: Bus, postgres_dsn: str) -> None:
    bus.start_relay()
    first = bus.consume(bus.policy_inbox())
    second = bus.start(InboxConsumer(bus.policy_inbox(), bus.checkpoints, bus.uri))
    early = bus.record(20)
    eventually(lambda: bus.recorder.positions == early)
    assert end_lease(postgres_dsn, f"{SERVICE}.inbox")
    eventually(lambda: second.active or not first.active, "that one of them noticed")
    eventually(lambda: one_active(first, second), "that one of them is active")
    late = bus.record(20)
    eventually(lambda: bus.recorder.positions == early + late)
    assert one_active(first, second)


def test_an_inbox_that_waits_for_a_server_stops_when_its_lease_is_lost(bus: Bus) -> None:
    """What it waits for may never end for this process: another one has taken over, perhaps with another version of the code."""
    projection = FakeProjection()
    inbox = bus.projection_inbox(projection)
    (position,) = bus.record(1)
    projection.recorder.faults[position] = Unavailable("away")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(inbox.catch_up)
        eventually(lambda: projection.recorder.attempts.count(position) > 1)
        assert inbox.waiting_for == "Unavailable"
        inbox.held = False
        with pytest.raises(Stopped):
            waiting.result()
    assert inbox.waiting_for == ""


def test_an_inbox_that_lost_its_lease_handles_no_further_page(bus: Bus) -> None:
    """The rest of the log may be long, and another process reads it already."""
    inbox: Inbox = bus.policy_inbox()
    bus.record(3)
    inbox.held = False
    with pytest.raises(Unavailable, match=r"coaching\.inbox was lost"):
        inbox.catch_up()
    assert bus.recorder.attempts == []
