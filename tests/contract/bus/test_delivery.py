"""Each event reaches each inbox once, in order, whatever the broker does with the messages."""

import time

from shared.bus.transport.connection import connected
from shared.errors import Unavailable
from tests.contract.bus.running import Bus, Kept, Seen
from tests.processes import eventually


def test_events_arrive_in_the_order_of_the_log(bus: Bus) -> None:
    bus.relay()
    bus.listen(bus.reactions())
    positions = [position for _ in range(20) for position in bus.record(50)]
    eventually(lambda: len(bus.seen.events) >= 1_000)
    assert bus.seen.positions == positions


def test_an_event_carries_its_own_position_and_the_one_before(bus: Bus) -> None:
    bus.relay()
    bus.listen(bus.reactions())
    bus.record(3)
    eventually(lambda: len(bus.seen.events) == 3)
    assert bus.seen.events == bus.store.read_all(0)
    assert [event.previous for event in bus.seen.events] == [0, *bus.seen.positions[:-1]]


def test_what_was_recorded_before_the_start_is_read_in_the_log(bus: Bus) -> None:
    positions = bus.record(600)
    bus.listen(bus.reactions())
    eventually(lambda: bus.seen.positions == positions)


def test_a_message_that_comes_again_changes_nothing(bus: Bus) -> None:
    bus.listen(bus.reactions())
    bus.record(10)
    events = bus.store.read_all(0)
    bus.publish(events)
    bus.publish(events[3:])
    bus.publish(events)
    last = bus.record()
    bus.publish(bus.store.read_all(events[-1].position))
    eventually(lambda: bus.seen.positions[-1:] == last)
    assert bus.seen.positions == [*(event.position for event in events), *last]


def test_a_lost_message_is_read_in_the_log(bus: Bus) -> None:
    bus.listen(bus.reactions())
    positions = bus.record(10)
    events = bus.store.read_all(0)
    bus.publish([events[0], events[1], events[7], events[9], events[8]])
    eventually(lambda: len(bus.seen.events) >= 10)
    assert bus.seen.positions == positions


def test_events_arrive_even_when_nobody_relays(bus: Bus) -> None:
    bus.listen(bus.reactions())
    positions = bus.record(3)
    eventually(lambda: bus.seen.positions == positions)


def test_a_listener_has_begun_when_what_was_recorded_before_is_handled(bus: Bus) -> None:
    bus.record(3)
    bus.seen.faults[2] = Unavailable("the log is away")
    first = bus.listen(bus.reactions())
    eventually(lambda: bus.seen.attempts.count(2) > 1)
    assert not first.begun
    standby = bus.start(type(first)(bus.reactions(Seen()), bus.checkpoints, bus.uri, first.letters))
    eventually(lambda: standby.begun)
    bus.seen.faults.clear()
    eventually(lambda: first.begun)


def test_an_inbox_goes_on_where_it_was(bus: Bus) -> None:
    bus.relay()
    first = bus.listen(bus.reactions())
    early = bus.record(5)
    eventually(lambda: bus.seen.positions == early)
    bus.stop(first)
    late = bus.record(5)
    again = Seen()
    bus.listen(bus.reactions(again))
    eventually(lambda: again.positions == late)


def test_two_processes_of_a_service_take_turns(bus: Bus) -> None:
    bus.relay()
    other = Seen()
    first = bus.listen(bus.reactions())
    standby = bus.start(type(first)(bus.reactions(other), bus.checkpoints, bus.uri, first.letters))
    early = bus.record(5)
    eventually(lambda: bus.seen.positions == early)
    time.sleep(2)  # longer than a standby waits for its turn, or an idle inbox before it reads the log
    assert not standby.active
    assert other.events == []
    bus.stop(first)
    eventually(lambda: standby.active)
    late = bus.record(5)
    eventually(lambda: other.positions == late)
    assert bus.seen.positions == early


def test_every_service_has_every_event(bus: Bus) -> None:
    bus.relay()
    kept, intake = Kept(), Seen()
    bus.listen(bus.reactions())
    bus.listen(bus.reactions(intake, "intake"))
    bus.listen(bus.projection(kept))
    positions = bus.record(300)
    eventually(lambda: bus.seen.positions == intake.positions == kept.seen.positions == positions)


def test_a_message_that_is_no_event_is_ignored(bus: Bus) -> None:
    bus.listen(bus.reactions())
    with connected(bus.uri) as connection:
        publisher = bus.publisher(connection)
        publisher.send(b"not an event", "journey.events", "a.b.C", {}, "1")
        publisher.confirm()
    positions = bus.record(2)
    bus.publish(bus.store.read_all(0))
    eventually(lambda: bus.seen.positions == positions)
