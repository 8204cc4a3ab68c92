"""An event that cannot be handled: a dead letter for a policy, a stop for a projection, a wait when a server is away."""

from collections.abc import Sequence
from threading import Event

import pytest

from shared.bus.inbox_consumer import InboxConsumer
from shared.bus.policy_inbox import MAX_ATTEMPTS
from shared.bus.topology import is_embedded
from shared.errors import Refused, Replaced, Unavailable
from shared.message import EventMessage, Position
from tests.contract.bus.running import SERVICE, Bus, FakeProjection, Recorder
from tests.processes import eventually


def test_an_event_that_a_policy_fails_on_becomes_a_dead_letter_and_the_next_ones_are_handled(bus: Bus) -> None:
    bus.start_relay()
    bus.consume(bus.policy_inbox())
    bad = bus.store.head() + 3
    bus.recorder.faults[bad] = Refused("no")
    positions = bus.record(6)
    eventually(lambda: bus.recorder.positions == [position for position in positions if position != bad])
    assert bus.recorder.attempts.count(bad) == MAX_ATTEMPTS
    letter = bus.dead_letters.list(SERVICE)[0]
    assert (letter.service, letter.kind, letter.position) == (SERVICE, "coaching.JourneyOpened", bad)
    assert letter.reason == "Refused: no"


def test_the_text_of_a_database_error_stays_in_the_log_of_the_service(bus: Bus, caplog: pytest.LogCaptureFixture) -> None:
    """Operators list dead letters, and anybody may read readiness."""
    secret = "Key (person)=(p-of-another) already exists"
    bus.consume(bus.policy_inbox())
    bus.recorder.faults[1] = ValueError(secret)
    bus.record(2)
    eventually(lambda: len(bus.dead_letters.list()) == 1)
    assert bus.dead_letters.list()[0].reason == "ValueError"
    assert secret in caplog.text


def test_an_event_that_is_handled_at_a_later_attempt_is_no_dead_letter(bus: Bus) -> None:
    bus.consume(bus.policy_inbox())
    bad = bus.store.head() + 1
    bus.recorder.faults[bad] = ValueError("for a moment")
    bus.record(2)
    eventually(lambda: len(bus.recorder.attempts) >= 2)
    bus.recorder.faults.clear()
    eventually(lambda: len(bus.recorder.events) == 2)
    assert bus.dead_letters.list() == []


def test_listing_dead_letters_leaves_them_in_place(bus: Bus) -> None:
    bus.consume(bus.policy_inbox())
    bus.recorder.faults = {1: ValueError("one"), 3: ValueError("three")}
    bus.record(4)
    eventually(lambda: len(bus.dead_letters.list()) == 2)
    for _ in range(8):
        assert [letter.position for letter in bus.dead_letters.list()] == [1, 3]
    assert bus.dead_letters.list("intake") == []


def test_a_dead_letter_given_back_is_handled_again(bus: Bus) -> None:
    bus.start_relay()
    bus.consume(bus.policy_inbox())
    bus.recorder.faults[1] = ValueError("not yet")
    bus.record(3)
    eventually(lambda: bus.recorder.positions == [2, 3])
    eventually(lambda: len(bus.dead_letters.list()) == 1)
    bus.recorder.faults.clear()
    assert bus.dead_letters.replay("intake") == 0
    assert bus.dead_letters.replay(SERVICE) == 1
    eventually(lambda: bus.recorder.positions == [2, 3, 1], seconds=3)
    assert bus.dead_letters.list() == []
    assert bus.dead_letters.replay() == 0


def test_a_dead_letter_that_fails_again_becomes_a_dead_letter_again(bus: Bus) -> None:
    bus.consume(bus.policy_inbox())
    bus.recorder.faults[1] = ValueError("never")
    bus.record(2)
    eventually(lambda: len(bus.dead_letters.list()) == 1)
    assert bus.dead_letters.replay() == 1
    eventually(lambda: bus.recorder.attempts.count(1) == 2 * MAX_ATTEMPTS)
    eventually(lambda: [letter.position for letter in bus.dead_letters.list()] == [1])


def test_a_server_that_is_away_is_waited_for_and_makes_no_dead_letter(bus: Bus) -> None:
    bus.start_relay()
    bus.consume(bus.policy_inbox())
    bus.recorder.faults[2] = Unavailable("the log is away")
    positions = bus.record(4)
    eventually(lambda: bus.recorder.attempts.count(2) > 2)
    assert bus.recorder.positions == positions[:1]
    bus.recorder.faults.clear()
    eventually(lambda: bus.recorder.positions == positions)
    assert bus.dead_letters.list() == []


def test_a_projection_stops_at_an_event_that_it_cannot_apply_and_names_it(bus: Bus) -> None:
    bus.start_relay()
    projection = FakeProjection()
    inbox = bus.projection_inbox(projection)
    bus.consume(inbox)
    projection.recorder.faults[3] = KeyError("person")
    positions = bus.record(6)
    eventually(lambda: not inbox.healthy())
    assert inbox.fault is not None
    assert (inbox.fault.position, inbox.fault.kind) == (3, "coaching.JourneyOpened")
    assert "KeyError" in inbox.fault.reason
    assert projection.recorder.positions == positions[:2]
    projection.recorder.faults.clear()
    projection.retry_requested = True
    eventually(lambda: projection.recorder.positions == positions)
    assert inbox.healthy()


def test_a_stop_is_recorded_when_the_database_is_available_again(bus: Bus) -> None:
    projection = FakeProjection()
    projection.status_fault = Unavailable("the read models are away")
    inbox = bus.projection_inbox(projection)
    bus.consume(inbox)
    projection.recorder.faults[1] = KeyError("person")
    bus.record(1)
    eventually(lambda: inbox.waiting_for == "Unavailable")
    assert not inbox.healthy()
    projection.status_fault = None
    eventually(lambda: projection.stops == [1])
    assert not inbox.healthy()


def test_a_projection_waits_for_its_database(bus: Bus) -> None:
    bus.start_relay()
    projection = FakeProjection()
    inbox = bus.projection_inbox(projection)
    bus.consume(inbox)
    projection.recorder.faults[1] = Unavailable("the read models are away")
    positions = bus.record(2)
    eventually(lambda: projection.recorder.attempts.count(1) > 2)
    assert inbox.healthy()
    projection.recorder.faults.clear()
    eventually(lambda: projection.recorder.positions == positions)


class ReplacedProjection(FakeProjection):
    """Tables that another process replaces once; loading their checkpoint makes them usable again."""

    def __init__(self) -> None:
        super().__init__()
        self.checkpoint_loads = 0
        self.replaced = False

    def checkpoint(self) -> Position:
        self.checkpoint_loads += 1
        self.replaced = False
        return self.stored_position

    def position(self) -> Position:
        if self.replaced:
            raise Replaced("another version of the code made them")
        return self.stored_position

    def apply(self, events: Sequence[EventMessage]) -> None:
        self.position()
        super().apply(events)


def test_a_projection_loads_its_checkpoint_again_after_its_tables_were_replaced(bus: Bus) -> None:
    bus.start_relay()
    projection = ReplacedProjection()
    bus.consume(bus.projection_inbox(projection))
    early = bus.record(2)
    eventually(lambda: projection.recorder.positions == early)
    projection.replaced = True
    late = bus.record(2)
    eventually(lambda: projection.recorder.positions == early + late)
    assert projection.checkpoint_loads == 2


def test_a_standby_is_ready_when_it_can_read_the_tables_and_its_successor_when_it_has_caught_up(bus: Bus) -> None:
    projection = ReplacedProjection()
    projection.replaced = True
    positions = bus.record(2)
    ready = Event()

    def slow_checkpoint() -> Position:
        ready.wait()
        return ReplacedProjection.checkpoint(projection)

    projection.checkpoint = slow_checkpoint  # type: ignore[method-assign]
    consumer = InboxConsumer(bus.projection_inbox(projection), bus.checkpoints, bus.uri)
    with bus.checkpoints.lease("reporting.inbox", 1):
        bus.start(consumer)
        eventually(lambda: consumer.inbox.waiting_for == "Replaced")
        assert not consumer.caught_up
        projection.replaced = False
        eventually(lambda: consumer.caught_up)
    eventually(lambda: consumer.active)
    eventually(lambda: not consumer.caught_up)
    ready.set()
    eventually(lambda: consumer.caught_up)
    assert projection.recorder.positions == positions


def test_an_event_that_kills_its_process_becomes_a_dead_letter_after_five_starts(bus: Bus) -> None:
    """An exception that nothing catches, and an inbox that is dropped, stand for the death of the process."""

    class Died(BaseException):
        pass

    bus.record(3)
    for _ in range(MAX_ATTEMPTS):
        recorder = Recorder()
        recorder.faults = {2: Died()}  # type: ignore[dict-item]  # a BaseException, which no handler on the way catches
        inbox = bus.policy_inbox(recorder)
        try:
            inbox.catch_up()
        except Died:
            assert recorder.attempts[-1] == 2
    bus.consume(bus.policy_inbox())
    eventually(lambda: bus.recorder.positions == [3])
    eventually(lambda: [letter.position for letter in bus.dead_letters.list()] == [2])
    assert "died" in bus.dead_letters.list()[0].reason


def test_a_clean_stop_during_an_attempt_does_not_count_as_a_death(bus: Bus) -> None:
    """The service is restarted more than MAX_ATTEMPTS times while the event waits for a server."""
    bus.record(3)
    for _ in range(MAX_ATTEMPTS + 1):
        recorder = Recorder()
        recorder.faults = {2: Unavailable("the log is away")}
        consumer = bus.consume(bus.policy_inbox(recorder))
        eventually(lambda recorder=recorder: 2 in recorder.attempts)  # type: ignore[misc]
        bus.stop(consumer)
    bus.consume(bus.policy_inbox())
    eventually(lambda: bus.recorder.positions == [2, 3])
    assert bus.dead_letters.list() == []


def test_the_headers_of_a_dead_letter_hold_nothing_secret(bus: Bus) -> None:
    if is_embedded(bus.uri):
        return
    bus.consume(bus.policy_inbox())
    bus.recorder.faults[1] = ValueError("one")
    bus.record(1)
    eventually(lambda: len(bus.dead_letters.list()) == 1)
    with bus.connection() as connection:
        message = connection.channel().basic_get(f"{SERVICE}.dead", no_ack=False)
        told = {"service", "kind", "position", "reason", "attempts", "first_failed_at", "last_failed_at"}
        assert set(message.headers) - {"x-delivery-count"} == told
