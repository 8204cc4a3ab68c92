"""Each event is handled once and in order by each inbox, whatever happens to its messages."""

import time
from uuid import uuid4

from msgspec.structs import replace

from shared.bus.transport.connection import open_connection
from shared.errors import Unavailable
from tests.contract.bus.running import Bus, FakeProjection, Recorder
from tests.processes import eventually


def test_events_arrive_in_the_order_of_the_log(bus: Bus) -> None:
    bus.start_relay()
    bus.consume(bus.policy_inbox())
    positions = [position for _ in range(20) for position in bus.record(50)]
    eventually(lambda: len(bus.recorder.events) >= 1_000)
    assert bus.recorder.positions == positions


def test_an_event_carries_its_own_position_and_the_one_before(bus: Bus) -> None:
    bus.start_relay()
    bus.consume(bus.policy_inbox())
    bus.record(3)
    eventually(lambda: len(bus.recorder.events) == 3)
    assert bus.recorder.events == bus.store.read_all(0)
    assert [event.previous for event in bus.recorder.events] == [0, *bus.recorder.positions[:-1]]


def test_events_recorded_before_the_start_are_read_in_the_log(bus: Bus) -> None:
    positions = bus.record(600)
    bus.consume(bus.policy_inbox())
    eventually(lambda: bus.recorder.positions == positions)


def test_a_repeated_message_changes_nothing(bus: Bus) -> None:
    bus.consume(bus.policy_inbox())
    bus.record(10)
    events = bus.store.read_all(0)
    bus.publish(events)
    bus.publish(events[3:])
    bus.publish(events)
    last = bus.record()
    bus.publish(bus.store.read_all(events[-1].position))
    eventually(lambda: bus.recorder.positions[-1:] == last)
    assert bus.recorder.positions == [*(event.position for event in events), *last]


def test_the_event_of_a_lost_message_is_read_in_the_log(bus: Bus) -> None:
    bus.consume(bus.policy_inbox())
    positions = bus.record(10)
    events = bus.store.read_all(0)
    bus.publish([events[0], events[1], events[7], events[9], events[8]])
    eventually(lambda: len(bus.recorder.events) >= 10)
    assert bus.recorder.positions == positions


def test_events_arrive_without_a_relay(bus: Bus) -> None:
    bus.consume(bus.policy_inbox())
    positions = bus.record(3)
    eventually(lambda: bus.recorder.positions == positions)


def test_a_consumer_has_caught_up_when_earlier_events_are_handled(bus: Bus) -> None:
    bus.record(3)
    bus.recorder.faults[2] = Unavailable("the log is away")
    first = bus.consume(bus.policy_inbox())
    eventually(lambda: bus.recorder.attempts.count(2) > 1)
    assert not first.caught_up
    standby = bus.start(type(first)(bus.policy_inbox(Recorder()), bus.checkpoints, bus.uri, first.dead_letter_file))
    eventually(lambda: standby.caught_up)
    bus.recorder.faults.clear()
    eventually(lambda: first.caught_up)


def test_an_inbox_resumes_at_its_checkpoint(bus: Bus) -> None:
    bus.start_relay()
    first = bus.consume(bus.policy_inbox())
    early = bus.record(5)
    eventually(lambda: bus.recorder.positions == early)
    bus.stop(first)
    late = bus.record(5)
    successor = Recorder()
    bus.consume(bus.policy_inbox(successor))
    eventually(lambda: successor.positions == late)


def test_of_two_processes_of_a_service_one_is_active(bus: Bus) -> None:
    bus.start_relay()
    other = Recorder()
    first = bus.consume(bus.policy_inbox())
    standby = bus.start(type(first)(bus.policy_inbox(other), bus.checkpoints, bus.uri, first.dead_letter_file))
    early = bus.record(5)
    eventually(lambda: bus.recorder.positions == early)
    time.sleep(2)  # longer than a standby waits for the lease, and than an idle consumer waits before it reads the log
    assert not standby.active
    assert other.events == []
    bus.stop(first)
    eventually(lambda: standby.active)
    late = bus.record(5)
    eventually(lambda: other.positions == late)
    assert bus.recorder.positions == early


def test_every_service_gets_every_event(bus: Bus) -> None:
    bus.start_relay()
    projection, intake = FakeProjection(), Recorder()
    bus.consume(bus.policy_inbox())
    bus.consume(bus.policy_inbox(intake, "intake"))
    bus.consume(bus.projection_inbox(projection))
    positions = bus.record(300)
    eventually(lambda: bus.recorder.positions == intake.positions == projection.recorder.positions == positions)


def test_a_message_that_is_not_an_event_is_ignored(bus: Bus) -> None:
    bus.consume(bus.policy_inbox())
    with open_connection(bus.uri) as connection:
        publisher = bus.publisher(connection)
        publisher.publish(b"not an event", "journey.events", "a.b.C", {}, "1")
        publisher.wait_for_confirms()
    positions = bus.record(2)
    bus.publish(bus.store.read_all(0))
    eventually(lambda: bus.recorder.positions == positions)


def test_a_message_of_another_log_is_no_event_of_this_one(bus: Bus) -> None:
    """It comes from another environment on the same broker, and its `previous` fits: what the log has at that position is handled."""
    bus.consume(bus.policy_inbox())
    first = bus.record(2)
    eventually(lambda: bus.recorder.positions == first)
    last = bus.store.read_all(0)[-1]
    foreign = [replace(last, id=uuid4(), previous=last.position, position=last.position + 1), replace(last, id=uuid4(), position=10**9)]
    bus.publish(foreign)
    real = bus.record(1)
    bus.publish(foreign)
    eventually(lambda: bus.recorder.positions == [*first, *real])
    assert bus.recorder.events == bus.store.read_all(0)


def test_a_dead_letter_of_another_log_is_dropped(bus: Bus) -> None:
    consumer = bus.consume(bus.policy_inbox())
    first = bus.record(1)
    eventually(lambda: bus.recorder.positions == first)
    (event,) = bus.store.read_all(0)
    assert consumer.inbox.recorded(event) == event
    assert consumer.inbox.recorded(replace(event, id=uuid4())) is None
    assert consumer.inbox.recorded(replace(event, position=10**9)) is None
