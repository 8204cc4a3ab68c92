"""The relay publishes the log in order, saves its checkpoint only after the broker's confirmation, and one of several is active."""

from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import pytest

from shared.bus.relay import Relay
from shared.message import EventMessage, Position
from shared.store.port import Held
from tests.contract.bus.running import Bus
from tests.contract.bus.subscriber import Subscriber
from tests.processes import eventually

KINDS = ("coaching.JourneyOpened", "coaching.JourneyExited")


class DyingCheckpoints:
    """Checkpoints that fail at the first save, before it or after it, as if the relay died there."""

    def __init__(self, checkpoints: Any, after: bool = False) -> None:
        self.after = after
        self.checkpoints = checkpoints
        self.lease = checkpoints.lease
        self.load, self.load_covered = checkpoints.load, checkpoints.load_covered
        self.died = 0

    def save(self, name: str, position: Position, held: Held = True, coverage: str | None = None) -> None:
        if not self.died:
            self.died = position
            if self.after:
                self.checkpoints.save(name, position, held, coverage)
            raise OSError("killed")
        self.checkpoints.save(name, position, held, coverage)


def test_a_relay_resumes_at_its_saved_checkpoint(bus: Bus) -> None:
    relay = bus.start_relay()
    first = bus.record(250)
    eventually(lambda: bus.checkpoints.load("relay") == first[-1])
    bus.stop(relay)
    late = bus.record(3)
    published: list[Position] = []
    other = Relay(bus.store, bus.checkpoints, bus.uri)
    read = bus.store.read_all

    def read_and_record(after: Position, limit: int = 1_000) -> Any:
        page = read(after, limit)
        published.extend(event.position for event in page)
        return page

    other.store = type("RecordingStore", (), {"read_all": staticmethod(read_and_record), "wait": bus.store.wait})()
    bus.start(other)
    eventually(lambda: bus.checkpoints.load("relay") == late[-1])
    assert published == late


def test_a_relay_killed_before_it_saves_its_checkpoint_loses_nothing_and_no_event_is_handled_twice(bus: Bus) -> None:
    bus.consume(bus.policy_inbox())
    dying = DyingCheckpoints(bus.checkpoints)
    bus.start(Relay(bus.store, dying, bus.uri, window_size=100))
    positions = bus.record(300)
    eventually(lambda: bus.checkpoints.load("relay") == positions[-1])
    assert dying.died
    eventually(lambda: len(bus.recorder.events) >= 300)
    assert bus.recorder.positions == positions


def test_a_checkpoint_is_saved_only_when_the_broker_has_what_announces_the_events_before_it(bus: Bus) -> None:
    announced: list[EventMessage] = []
    subscriber = Subscriber(bus.uri)
    bus.start(subscriber, announced.append)
    eventually(subscriber.healthy)
    positions = [position for kind in KINDS * 50 for position in bus.record(kind=kind)]
    bus.start(Relay(bus.store, DyingCheckpoints(bus.checkpoints, after=True), bus.uri, window_size=50))
    eventually(lambda: bus.checkpoints.load("relay") == positions[-1])
    eventually(lambda: announced[-1:] and announced[-1].position == positions[-1])
    windows = [positions[start : start + 50] for start in range(0, len(positions), 50)]
    assert [event.position for event in announced] == [position for window in windows for position in window[-len(KINDS) :]]
    assert [event.kind for event in announced] == [*KINDS * len(windows)]


def test_one_relay_is_active_and_the_other_takes_over(bus: Bus) -> None:
    first = bus.start_relay()
    eventually(lambda: first.active)
    second = bus.start_relay()
    bus.consume(bus.policy_inbox())
    early = bus.record(20)
    eventually(lambda: bus.recorder.positions == early)
    assert not second.active
    bus.stop(first)
    eventually(lambda: second.active)
    late = bus.record(20)
    eventually(lambda: bus.checkpoints.load("relay") == late[-1])
    eventually(lambda: bus.recorder.positions == early + late)


def test_a_feed_that_fails_stops_its_relay_too(rabbitmq_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exception is raised where the relay runs, so that both are started again."""
    bus = Bus(rabbitmq_uri, tmp_path)
    relay = Relay(bus.store, bus.checkpoints, bus.uri)
    assert relay.feed is not None

    def fail(*events: object) -> None:
        raise KeyError("unforeseen")

    monkeypatch.setattr(relay.feed, "publish", fail)
    bus.record(1)
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(relay.run)
        wait([running], 20)
        relay.stop()
        with pytest.raises(KeyError):
            running.result()
    bus.close()
