"""The live feed and the stream for trusted back ends."""

import threading
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from shared.bus.feed import EventFeed
from shared.bus.tail import tail
from shared.message import EventMessage, Position
from tests.contract.bus.running import Bus, eventually


def listening(bus: Bus, feed: EventFeed, *words: Any) -> list[EventMessage]:
    told: list[EventMessage] = []
    bus.start(feed, told.append, *words)
    eventually(feed.healthy)
    return told


def test_the_feed_tells_every_event_once_and_in_order(bus: Bus) -> None:
    bus.record(5)
    told = listening(bus, EventFeed(bus.uri, bus.store))
    positions = bus.record(300)
    bus.relay()
    eventually(lambda: len(told) >= 300)
    assert [event.position for event in told] == positions


def test_the_feed_reads_in_the_log_what_the_broker_lost(bus: Bus) -> None:
    told = listening(bus, EventFeed(bus.uri, bus.store))
    positions = bus.record(6)
    events = bus.store.read_all(0)
    bus.publish([events[0], events[4], events[2], events[5]])
    eventually(lambda: [event.position for event in told] == positions)


def test_a_feed_without_a_log_tells_its_gaps(bus: Bus) -> None:
    gaps: list[tuple[Position, Position]] = []
    told = listening(bus, EventFeed(bus.uri), lambda after, until: gaps.append((after, until)))
    bus.record(6)
    events = bus.store.read_all(0)
    bus.publish([events[0], events[1], events[4], events[5], events[4]])
    eventually(lambda: len(told) == 4)
    assert gaps == [(2, 5)]


def test_the_stream_is_read_from_any_offset_and_keeps_what_was_published(rabbitmq_uri: str, tmp_path: Path) -> None:
    bus = Bus(rabbitmq_uri, tmp_path)
    bus.relay()
    positions = bus.record(20)
    eventually(lambda: bus.checkpoints.load("feed") == positions[-1])
    everything = list(islice(tail(rabbitmq_uri, "first"), 20))
    assert [event.position for _, event in everything] == positions
    offset, event = everything[12]
    assert next(tail(rabbitmq_uri, offset)) == (offset, event)
    coming: list[tuple[int, EventMessage]] = []
    thread = threading.Thread(target=lambda: coming.extend(islice(tail(rabbitmq_uri, "last"), 40)), daemon=True)
    thread.start()
    late = bus.record(40)
    thread.join(10)
    assert {event.position for _, event in coming} & set(late)
    bus.close()


@pytest.mark.parametrize("uri", ["embedded://"])
def test_a_feed_stops_when_told(uri: str) -> None:
    feed = EventFeed(uri)
    thread = threading.Thread(target=feed.run, args=(print,))
    thread.start()
    eventually(feed.healthy)
    feed.stop()
    thread.join(5)
    assert not thread.is_alive()
