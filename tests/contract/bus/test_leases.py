"""A server took a lease back: two that carry, or two that listen, do not both go on."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shared.bus.inbox import Inbox, Stopped
from shared.bus.inbox_consumer import InboxConsumer
from shared.bus.relay import Relay
from shared.errors import Unavailable
from shared.store.postgres.store import PostgresCheckpoints, PostgresStore
from tests.contract.bus.running import SERVICE, Bus, Kept
from tests.contract.store.leases import end_lease
from tests.processes import eventually


@pytest.fixture
def bus(postgres_dsn: str, tmp_path: Path) -> Iterator[Bus]:
    bus = Bus("embedded://localhost", tmp_path, PostgresStore(postgres_dsn), PostgresCheckpoints(postgres_dsn))
    yield bus
    bus.close()


def one_of(first: Relay | InboxConsumer, second: Relay | InboxConsumer) -> bool:
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
    second = bus.start(InboxConsumer(bus.reactions(), bus.checkpoints, bus.uri))
    early = bus.record(20)
    eventually(lambda: bus.seen.positions == early)
    assert end_lease(postgres_dsn, f"{SERVICE}.inbox")
    eventually(lambda: second.active or not first.active, "that one of them noticed")
    eventually(lambda: one_of(first, second), "that one of them is active")
    late = bus.record(20)
    eventually(lambda: bus.seen.positions == early + late)
    assert one_of(first, second)


def test_an_inbox_that_waits_for_a_server_leaves_when_its_lease_is_lost(bus: Bus) -> None:
    """What it waits for may never pass for it: somebody else goes on already, and another version may have begun."""
    kept = Kept()
    inbox = bus.projection(kept)
    (position,) = bus.record(1)
    kept.seen.faults[position] = Unavailable("away")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(inbox.catch_up)
        eventually(lambda: kept.seen.attempts.count(position) > 1)
        assert inbox.awaits == "Unavailable"
        inbox.held = False
        with pytest.raises(Stopped):
            waiting.result()
    assert inbox.awaits == ""


def test_an_inbox_that_lost_its_lease_handles_no_further_page(bus: Bus) -> None:
    """It may have a long way to go through the log, and somebody else goes it already."""
    inbox: Inbox = bus.reactions()
    bus.record(3)
    inbox.held = False
    with pytest.raises(Unavailable, match=r"coaching\.inbox was lost"):
        inbox.catch_up()
    assert bus.seen.attempts == []
