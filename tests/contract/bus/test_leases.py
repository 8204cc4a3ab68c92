"""A server took a lease back: two that carry, or two that listen, do not both go on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.bus.inbox import Inbox
from shared.bus.listener import Listener
from shared.bus.relay import Relay
from shared.errors import Unavailable
from shared.store.postgres import PostgresCheckpoints, PostgresStore
from tests.contract.bus.running import SERVICE, Bus
from tests.contract.store.leases import end_lease
from tests.processes import eventually


@pytest.fixture
def bus(postgres_dsn: str, tmp_path: Path) -> Iterator[Bus]:
    bus = Bus("embedded://localhost", tmp_path, PostgresStore(postgres_dsn), PostgresCheckpoints(postgres_dsn))
    yield bus
    bus.close()


def one_of(first: Relay | Listener, second: Relay | Listener) -> bool:
    return first.active != second.active


def test_two_relays_are_not_both_active_after_a_lease_was_lost(bus: Bus, postgres_dsn: str) -> None:
    first = bus.relay()
    eventually(lambda: first.active)
    second = bus.relay()
    bus.listen(bus.reactions())
    early = bus.record(20)
    eventually(lambda: bus.seen.positions == early)
    assert end_lease(postgres_dsn, "relay")
    eventually(lambda: second.active or not first.active, "that one of them noticed")
    eventually(lambda: one_of(first, second), "that one of them is active")
    late = bus.record(20)
    eventually(lambda: bus.seen.positions == early + late)
    assert one_of(first, second)


def test_two_listeners_are_not_both_active_after_a_lease_was_lost(bus: Bus, postgres_dsn: str) -> None:
    bus.relay()
    first = bus.listen(bus.reactions())
    second = bus.start(Listener(bus.reactions(), bus.checkpoints, bus.uri))
    early = bus.record(20)
    eventually(lambda: bus.seen.positions == early)
    assert end_lease(postgres_dsn, f"{SERVICE}.inbox")
    eventually(lambda: second.active or not first.active, "that one of them noticed")
    eventually(lambda: one_of(first, second), "that one of them is active")
    late = bus.record(20)
    eventually(lambda: bus.seen.positions == early + late)
    assert one_of(first, second)


def test_an_inbox_that_lost_its_lease_handles_no_further_page(bus: Bus) -> None:
    """It may have a long way to go through the log, and somebody else goes it already."""
    inbox: Inbox = bus.reactions()
    bus.record(3)
    inbox.held = False
    with pytest.raises(Unavailable, match=r"coaching\.inbox was lost"):
        inbox.catch_up()
    assert bus.seen.attempts == []
