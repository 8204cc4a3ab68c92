"""journey.feed, the stream for trusted back ends."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import pika

from shared.address import Address
from shared.bus.feed_history import events_since, last_event
from shared.bus.names import SOLE
from shared.bus.tail import tail
from shared.cloud_event import read_cloud_event
from shared.message import EventMessage
from tests.contract.bus.running import Bus
from tests.processes import eventually


def test_the_stream_is_read_from_any_offset_and_keeps_what_was_published(rabbitmq_uri: str, tmp_path: Path) -> None:
    bus = Bus(rabbitmq_uri, tmp_path)
    bus.start_relay()
    positions = bus.record(20)
    eventually(lambda: bus.checkpoints.load("feed") == positions[-1])
    from_first = list(islice(tail(rabbitmq_uri, "first"), 20))
    assert [event.position for _, event in from_first] == positions
    offset, event = from_first[12]
    assert next(tail(rabbitmq_uri, offset)) == (offset, event)
    from_last: list[tuple[int, EventMessage]] = []
    thread = threading.Thread(target=lambda: from_last.extend(islice(tail(rabbitmq_uri, "last"), 40)), daemon=True)
    thread.start()
    late = bus.record(40)
    thread.join(10)
    assert {event.position for _, event in from_last} & set(late)
    bus.close()


def test_the_end_of_the_stream_is_found_while_others_publish_without_a_pause(rabbitmq_uri: str, tmp_path: Path) -> None:
    bus, stop, positions = Bus(rabbitmq_uri, tmp_path), threading.Event(), list[int]()

    def publish() -> None:
        while not stop.wait(0.01):
            positions.extend(bus.record(1))

    bus.start_relay()
    with ThreadPoolExecutor(2) as pool:
        publisher = pool.submit(publish)
        try:
            eventually(lambda: bus.checkpoints.load("feed") > 0)
            eventually(lambda: len(positions) > 20)
            published = bus.checkpoints.load("feed")
            last = pool.submit(last_event, Address(rabbitmq_uri), SOLE.feed).result(30)
            since = pool.submit(list, events_since(Address(rabbitmq_uri), SOLE.feed, datetime.now(UTC) - timedelta(hours=1))).result(30)
        finally:
            stop.set()
        publisher.result(30)
    assert last is not None
    assert last[1].position >= published
    assert [event.position for event in since][: len(positions)] == positions[: len(since)]
    bus.close()


def test_a_message_has_the_id_of_its_event_and_the_second_of_its_recording(rabbitmq_uri: str, tmp_path: Path) -> None:
    bus = Bus(rabbitmq_uri, tmp_path)
    bus.start_relay()
    position = bus.record(1)[-1]
    eventually(lambda: bus.checkpoints.load("feed") == position)
    with pika.BlockingConnection(pika.URLParameters(rabbitmq_uri)) as connection:
        channel = connection.channel()
        channel.basic_qos(prefetch_count=1)
        _, properties, body = next(channel.consume(SOLE.feed, arguments={"x-stream-offset": "first"}))
        event = read_cloud_event(body)
        assert properties.message_id == json.loads(body)["id"] == str(event.id)
        assert properties.timestamp == int(event.recordedtime.timestamp())
        assert properties.content_type == "application/cloudevents+json"
    bus.close()
