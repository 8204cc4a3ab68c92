"""Batches: under load, events are published, handled and acknowledged together; an inbox gets only the kinds that it reads."""

import math
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shared.bus.inbox_consumer import InboxConsumer
from shared.bus.names import SOLE
from shared.bus.relay import Relay
from shared.bus.transport.connection import consuming, drain_one
from shared.message import EventMessage, Position
from tests.contract.bus.running import SERVICE, Bus, FakeProjection
from tests.processes import eventually

READ = "coaching.JourneyExited"


class GatedRelay:
    """A relay that waits for a permit of `gate` after each window. `windows` are the positions that it published together."""

    def __init__(self, bus: Bus) -> None:
        self.relay = Relay(bus.store, bus.checkpoints, bus.uri)
        self.windows: list[list[Position]] = []
        self.gate = threading.Semaphore(0)
        publish = self.relay.publish

        def publish_and_record(publisher: Any, window: Sequence[EventMessage]) -> None:
            publish(publisher, window)
            self.windows.append([event.position for event in window])

        self.relay.publish = publish_and_record  # type: ignore[method-assign]
        self.relay.wait_for_batch = lambda window: self.gate.acquire()  # type: ignore[method-assign,assignment]
        bus.start(self.relay)


def test_the_first_event_is_published_at_once_and_those_after_it_together(bus: Bus) -> None:
    gated = GatedRelay(bus)
    bus.consume(bus.policy_inbox())
    first = bus.record()
    eventually(lambda: bus.recorder.positions == first)
    late = [position for _ in range(30) for position in bus.record()]
    gated.gate.release()
    eventually(lambda: bus.recorder.positions == first + late)
    assert gated.windows == [first, late]
    gated.gate.release(1_000)


def test_a_relay_that_is_stopped_saves_its_checkpoint(bus: Bus) -> None:
    gated = GatedRelay(bus)
    first = bus.record()
    eventually(lambda: gated.windows == [first])
    gated.gate.release()
    late = bus.record(3)
    eventually(lambda: gated.windows == [first, late])
    gated.relay.stop()
    gated.gate.release(1_000)
    bus.stop(gated.relay)
    assert bus.checkpoints.load("relay") == late[-1]


def test_an_inbox_gets_only_the_kinds_that_it_reads_and_reaches_the_end_of_the_log(bus: Bus) -> None:
    bus.start_relay()
    kinds_received: list[str] = []
    consumer = recording_kinds(bus.consume(bus.policy_inbox(kinds={READ})), kinds_received)
    bus.record(20)
    read = bus.record(kind=READ)
    bus.record(20)
    eventually(lambda: bus.recorder.positions == read)
    eventually(lambda: bus.checkpoints.load(f"{SERVICE}.inbox") == bus.store.head())
    assert set(kinds_received) <= {READ}
    later = bus.record(kind=READ)
    eventually(lambda: bus.recorder.positions == read + later)
    assert consumer.active


def recording_kinds(consumer: InboxConsumer, kinds: list[str]) -> InboxConsumer:
    handle_messages = consumer.handle_messages

    def record_and_handle(messages: Any) -> None:
        kinds.extend(message.delivery_info["routing_key"].partition(".")[2] for message in messages)
        handle_messages(messages)

    consumer.handle_messages = record_and_handle  # type: ignore[method-assign]
    return consumer


def test_an_inbox_that_was_bound_to_every_kind_can_be_bound_to_fewer(rabbitmq_uri: str, tmp_path: Path) -> None:
    """On RabbitMQ the queue and its bindings outlive the process. The embedded broker starts empty."""
    bus = Bus(rabbitmq_uri, tmp_path)
    bus.stop(bus.consume(bus.policy_inbox()))
    kinds_received: list[str] = []
    bus.start_relay()
    recording_kinds(bus.consume(bus.policy_inbox(kinds={READ})), kinds_received)
    first = bus.record(kind=READ)
    eventually(lambda: bus.recorder.positions == first and kinds_received)
    kinds_received.clear()
    bus.record(20)
    read = bus.record(kind=READ)
    eventually(lambda: bus.recorder.positions == first + read and kinds_received)
    assert set(kinds_received) == {READ}
    bus.close()


def test_an_event_that_was_not_relayed_is_found_among_events_of_other_kinds(bus: Bus) -> None:
    bus.record(300)
    bus.consume(bus.policy_inbox(kinds={READ}))
    bus.record(300)
    read = bus.record(kind=READ)
    eventually(lambda: bus.recorder.positions == read)


def test_the_checkpoint_after_events_of_other_kinds_is_saved_regularly_and_when_idle(bus: Bus) -> None:
    inbox = bus.policy_inbox(kinds={READ})
    other_kinds = bus.record(3)
    inbox.cached_checkpoint.saved_at = -math.inf  # long ago
    inbox.catch_up()
    assert bus.checkpoints.load(f"{SERVICE}.inbox") == other_kinds[-1]
    inbox.cached_checkpoint.saved_at = math.inf  # never due again
    bus.consume(inbox)
    unread = bus.record(3)
    eventually(lambda: bus.checkpoints.load(f"{SERVICE}.inbox") == unread[-1])


def test_a_batch_of_messages_is_acknowledged_together(bus: Bus) -> None:
    """Otherwise the broker would stop delivering at the prefetch limit. Each event is a window of its own, with a message."""
    bus.start(Relay(bus.store, bus.checkpoints, bus.uri, window_size=1))
    kinds_received: list[str] = []
    consumer = recording_kinds(bus.consume(bus.policy_inbox()), kinds_received)
    with bus.connection() as connection:
        bus.publisher(connection)
    positions = bus.record(1_200)
    eventually(lambda: bus.recorder.positions == positions)
    eventually(lambda: len(kinds_received) == len(positions))
    bus.stop(consumer)
    with bus.connection() as connection:
        assert connection.channel().queue_declare(f"{SERVICE}.inbox", passive=True).message_count == 0


def test_a_multiple_acknowledgement_covers_the_messages_up_to_its_own_and_none_after_it(bus: Bus) -> None:
    received: list[Any] = []
    queue = SOLE.inbox(SERVICE)
    with bus.connection() as connection:
        publisher = bus.publisher(connection)
        for number in range(6):
            publisher.publish(b"%d" % number, "", queue, {}, str(number))
        publisher.wait_for_confirms()
        with consuming(connection.channel(), queue, received.append, prefetch=3):
            eventually(lambda: drain_one(connection, 0.1) and len(received) == 3)
            received[1].ack(multiple=True)
            eventually(lambda: drain_one(connection, 0.1) and len(received) == 5)
            assert not drain_one(connection, 0.1)


def test_a_projection_whose_tables_were_replaced_by_older_ones_resumes_at_their_position(bus: Bus) -> None:
    bus.start_relay()
    projection = FakeProjection()
    inbox = bus.projection_inbox(projection)
    bus.consume(inbox)
    positions = bus.record(5)
    eventually(lambda: projection.recorder.positions == positions)
    projection.stored_position = positions[1]
    late = bus.record()
    eventually(lambda: projection.recorder.positions == positions + positions[2:] + late)
    assert inbox.healthy()
