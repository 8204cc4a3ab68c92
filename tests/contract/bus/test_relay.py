"""The relay publishes the log in order, saves its place only after the broker's word, and one of several is active."""

from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import pytest

from shared.bus.relay import Relay
from shared.message import EventMessage, Position
from tests.contract.bus.running import Bus
from tests.contract.bus.subscriber import Subscriber
from tests.processes import eventually


class Forgetful:
    """Checkpoints of a relay that dies at its first saving: just before it, or just after."""

    def __init__(self, kept: Any, after: bool = False) -> None:
        self.after = after
        self.kept = kept
        self.lease = kept.lease
        self.load = kept.load
        self.died = 0

    def save(self, name: str, position: Position) -> None:
        if not self.died:
            self.died = position
            if self.after:
                self.kept.save(name, position)
            raise OSError("killed")
        self.kept.save(name, position)


def test_a_relay_goes_on_at_its_saved_place(bus: Bus) -> None:
    relay = bus.relay()
    first = bus.record(250)
    eventually(lambda: bus.checkpoints.load("relay") == first[-1])
    bus.stop(relay)
    late = bus.record(3)
    published: list[Position] = []
    other = Relay(bus.store, bus.checkpoints, bus.uri)
    read = bus.store.read_all

    def noted(after: Position, limit: int = 1_000) -> Any:
        page = read(after, limit)
        published.extend(event.position for event in page)
        return page

    other.store = type("Noted", (), {"read_all": staticmethod(noted), "wait": bus.store.wait})()
    bus.start(other)
    eventually(lambda: bus.checkpoints.load("relay") == late[-1])
    assert published == late


def test_a_relay_killed_before_saving_its_place_loses_nothing_and_nobody_sees_an_event_twice(bus: Bus) -> None:
    bus.listen(bus.reactions())
    forgetful = Forgetful(bus.checkpoints)
    bus.start(Relay(bus.store, forgetful, bus.uri, window=100))
    positions = bus.record(300)
    eventually(lambda: bus.checkpoints.load("relay") == positions[-1])
    assert forgetful.died
    eventually(lambda: len(bus.seen.events) >= 300)
    assert bus.seen.positions == positions


def test_a_place_is_saved_only_when_the_broker_has_everything_before_it(bus: Bus) -> None:
    told: list[EventMessage] = []
    gaps: list[Position] = []
    feed = Subscriber(bus.uri)
    bus.start(feed, told.append, lambda after, until: gaps.append(until))
    eventually(feed.healthy)
    bus.start(Relay(bus.store, Forgetful(bus.checkpoints, after=True), bus.uri, window=100))
    positions = bus.record(300)
    eventually(lambda: told[-1:] and told[-1].position == positions[-1])
    assert [event.position for event in told] == positions
    assert gaps == []


def test_one_relay_is_active_and_the_other_takes_over(bus: Bus) -> None:
    first = bus.relay()
    eventually(lambda: first.active)
    second = bus.relay()
    bus.listen(bus.reactions())
    early = bus.record(20)
    eventually(lambda: bus.seen.positions == early)
    assert not second.active
    bus.stop(first)
    eventually(lambda: second.active)
    late = bus.record(20)
    eventually(lambda: bus.checkpoints.load("relay") == late[-1])
    eventually(lambda: bus.seen.positions == early + late)


def test_a_feed_that_falls_is_not_left_to_fall_alone(rabbitmq_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither goes on without the other: whoever runs the relay hears of it, and starts both again."""
    bus = Bus(rabbitmq_uri, tmp_path)
    relay = Relay(bus.store, bus.checkpoints, bus.uri)
    assert relay.feed is not None

    def falls(*events: object) -> None:
        raise KeyError("nobody foresaw it")

    monkeypatch.setattr(relay.feed, "publish", falls)
    bus.record(1)
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(relay.run)
        wait([running], 20)
        relay.stop()
        with pytest.raises(KeyError):
            running.result()
    bus.close()
