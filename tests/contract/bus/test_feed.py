"""journey.feed, the stream for trusted back ends."""

import threading
from itertools import islice
from pathlib import Path

from shared.bus.tail import tail
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
