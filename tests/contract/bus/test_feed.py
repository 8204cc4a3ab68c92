"""The stream for trusted back ends."""

import threading
from itertools import islice
from pathlib import Path

from shared.bus.tail import tail
from shared.message import EventMessage
from tests.contract.bus.running import Bus
from tests.processes import eventually


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
