"""Under load events travel together, and an inbox is told of what it reads: the same events, in the same order, for fewer turns."""

import math
import threading
from pathlib import Path
from typing import Any

from shared.bus import topology
from shared.bus.inbox_consumer import InboxConsumer
from shared.bus.relay import Relay
from shared.bus.transport.connection import consumer, drained
from shared.message import EventMessage, Position
from tests.contract.bus.running import SERVICE, Bus, Kept
from tests.processes import eventually

READ = "coaching.JourneyExited"


class Gated:
    """A relay whose pauses end when the test says so; each window that it carries is kept."""

    def __init__(self, bus: Bus) -> None:
        self.relay = Relay(bus.store, bus.checkpoints, bus.uri)
        self.windows: list[list[Position]] = []
        self.gate = threading.Semaphore(0)
        publish = self.relay.publish

        def kept(publisher: Any, events: list[EventMessage]) -> None:
            publish(publisher, events)
            self.windows.append([event.position for event in events])

        self.relay.publish = kept  # type: ignore[method-assign]
        self.relay.gather = lambda page: self.gate.acquire()  # type: ignore[method-assign,assignment]
        bus.start(self.relay)


def test_the_first_event_leaves_at_once_and_those_behind_it_leave_together(bus: Bus) -> None:
    gated = Gated(bus)
    bus.listen(bus.reactions())
    first = bus.record()
    eventually(lambda: bus.seen.positions == first)
    late = [position for _ in range(30) for position in bus.record()]
    gated.gate.release()
    eventually(lambda: bus.seen.positions == first + late)
    assert gated.windows == [first, late]
    gated.gate.release(1_000)


def test_a_relay_that_is_stopped_leaves_its_place(bus: Bus) -> None:
    gated = Gated(bus)
    first = bus.record()
    eventually(lambda: gated.windows == [first])
    gated.gate.release()
    late = bus.record(3)
    eventually(lambda: gated.windows == [first, late])
    gated.relay.stop()
    gated.gate.release(1_000)
    bus.stop(gated.relay)
    assert bus.checkpoints.load("relay") == late[-1]


def test_an_inbox_is_given_what_it_reads_and_still_is_at_the_end_of_the_log(bus: Bus) -> None:
    bus.relay()
    taken: list[str] = []
    listener = noting(bus.listen(bus.reactions(kinds={READ})), taken)
    bus.record(20)
    read = bus.record(kind=READ)
    bus.record(20)
    eventually(lambda: bus.seen.positions == read)
    eventually(lambda: bus.checkpoints.load(f"{SERVICE}.inbox") == bus.store.head())
    assert set(taken) <= {READ}
    again = bus.record(kind=READ)
    eventually(lambda: bus.seen.positions == read + again)
    assert listener.active


def noting(listener: InboxConsumer, taken: list[str]) -> InboxConsumer:
    take = listener.take

    def noted(messages: Any) -> None:
        taken.extend(message.delivery_info["routing_key"].partition(".")[2] for message in messages)
        take(messages)

    listener.take = noted  # type: ignore[method-assign]
    return listener


def test_an_inbox_that_was_given_everything_is_given_less_from_now_on(rabbitmq_uri: str, tmp_path: Path) -> None:
    """Its queue outlives the process on RabbitMQ, with what it was bound to; the embedded broker begins empty."""
    bus = Bus(rabbitmq_uri, tmp_path)
    bus.stop(bus.listen(bus.reactions()))
    taken: list[str] = []
    bus.relay()
    noting(bus.listen(bus.reactions(kinds={READ})), taken)
    first = bus.record(kind=READ)
    eventually(lambda: bus.seen.positions == first and taken)
    taken.clear()
    bus.record(20)
    read = bus.record(kind=READ)
    eventually(lambda: bus.seen.positions == first + read and taken)
    assert set(taken) == {READ}
    bus.close()


def test_events_that_nobody_relays_are_found_among_those_that_are_not_read(bus: Bus) -> None:
    bus.record(300)
    bus.listen(bus.reactions(kinds={READ}))
    bus.record(300)
    read = bus.record(kind=READ)
    eventually(lambda: bus.seen.positions == read)


def test_what_is_gone_past_is_saved_now_and_then_and_at_rest(bus: Bus) -> None:
    inbox = bus.reactions(kinds={READ})
    gone_past = bus.record(3)
    inbox.kept.saved_at = -math.inf  # long ago
    inbox.catch_up()
    assert bus.checkpoints.load(f"{SERVICE}.inbox") == gone_past[-1]
    inbox.kept.saved_at = math.inf  # this very moment, from now on
    bus.listen(inbox)
    unread = bus.record(3)
    eventually(lambda: bus.checkpoints.load(f"{SERVICE}.inbox") == unread[-1])


def test_what_was_taken_together_is_acknowledged_together(bus: Bus) -> None:
    """Or the broker would soon hold back the rest."""
    bus.relay()
    taken: list[str] = []
    listener = noting(bus.listen(bus.reactions()), taken)
    with bus.connection() as connection:
        bus.publisher(connection)
    positions = bus.record(1_200)
    eventually(lambda: bus.seen.positions == positions)
    eventually(lambda: len(taken) == len(positions))
    bus.stop(listener)
    with bus.connection() as connection:
        assert connection.channel().queue_declare(f"{SERVICE}.inbox", passive=True).message_count == 0


def test_one_word_acknowledges_all_up_to_a_message_and_none_behind_it(bus: Bus) -> None:
    taken: list[Any] = []
    queue = topology.inbox(SERVICE)
    with bus.connection() as connection:
        publisher = bus.publisher(connection)
        for number in range(6):
            publisher.send(b"%d" % number, "", queue, {}, str(number))
        publisher.confirm()
        with consumer(connection.channel(), queue, taken.append, prefetch=3):
            eventually(lambda: drained(connection, 0.1) and len(taken) == 3)
            taken[1].ack(multiple=True)
            eventually(lambda: drained(connection, 0.1) and len(taken) == 5)
            assert not drained(connection, 0.1)


def test_a_projection_whose_tables_are_replaced_by_older_ones_goes_on_from_where_they_stand(bus: Bus) -> None:
    bus.relay()
    kept = Kept()
    projection = bus.projection(kept)
    bus.listen(projection)
    positions = bus.record(5)
    eventually(lambda: kept.seen.positions == positions)
    kept.at = positions[1]
    late = bus.record()
    eventually(lambda: kept.seen.positions == positions + positions[2:] + late)
    assert projection.healthy()
