"""What happens to an event that cannot be handled: put aside by policies, named by projections, and waited for when a server is away."""

from collections.abc import Sequence
from threading import Event

import pytest

from shared.bus.inbox_consumer import InboxConsumer
from shared.bus.policy_inbox import ATTEMPTS
from shared.bus.topology import is_embedded
from shared.errors import Refused, Replaced, Unavailable
from shared.message import EventMessage, Position
from tests.contract.bus.running import SERVICE, Bus, Kept, Seen
from tests.processes import eventually


def test_a_policy_that_fails_leaves_its_event_in_the_dead_letters_and_the_rest_goes_on(bus: Bus) -> None:
    bus.relay()
    bus.listen(bus.reactions())
    bad = bus.store.head() + 3
    bus.seen.faults[bad] = Refused("no")
    positions = bus.record(6)
    eventually(lambda: bus.seen.positions == [position for position in positions if position != bad])
    assert bus.seen.attempts.count(bad) == ATTEMPTS
    letter = bus.letters.list(SERVICE)[0]
    assert (letter.service, letter.kind, letter.position) == (SERVICE, "coaching.JourneyOpened", bad)
    assert letter.reason == "Refused: The rules do not allow it."


def test_what_a_database_says_of_a_row_stays_in_the_log_of_the_service(bus: Bus, caplog: pytest.LogCaptureFixture) -> None:
    """Dead letters travel and are listed; readiness is told to anybody."""
    secret = "Key (person)=(p-of-another) already exists"
    bus.listen(bus.reactions())
    bus.seen.faults[1] = ValueError(secret)
    bus.record(2)
    eventually(lambda: len(bus.letters.list()) == 1)
    assert bus.letters.list()[0].reason == "ValueError"
    assert secret in caplog.text


def test_an_event_that_passes_at_a_later_attempt_is_not_put_aside(bus: Bus) -> None:
    bus.listen(bus.reactions())
    bad = bus.store.head() + 1
    bus.seen.faults[bad] = ValueError("for a moment")
    bus.record(2)
    eventually(lambda: len(bus.seen.attempts) >= 2)
    bus.seen.faults.clear()
    eventually(lambda: len(bus.seen.events) == 2)
    assert bus.letters.list() == []


def test_dead_letters_are_listed_without_being_taken(bus: Bus) -> None:
    bus.listen(bus.reactions())
    bus.seen.faults = {1: ValueError("one"), 3: ValueError("three")}
    bus.record(4)
    eventually(lambda: len(bus.letters.list()) == 2)
    for _ in range(8):
        assert [letter.position for letter in bus.letters.list()] == [1, 3]
    assert bus.letters.list("intake") == []


def test_a_dead_letter_given_back_is_handled_again(bus: Bus) -> None:
    bus.relay()
    bus.listen(bus.reactions())
    bus.seen.faults[1] = ValueError("not yet")
    bus.record(3)
    eventually(lambda: bus.seen.positions == [2, 3])
    eventually(lambda: len(bus.letters.list()) == 1)
    bus.seen.faults.clear()
    assert bus.letters.replay("intake") == 0
    assert bus.letters.replay(SERVICE) == 1
    eventually(lambda: bus.seen.positions == [2, 3, 1], seconds=3)
    assert bus.letters.list() == []
    assert bus.letters.replay() == 0


def test_a_dead_letter_that_fails_again_is_put_aside_again(bus: Bus) -> None:
    bus.listen(bus.reactions())
    bus.seen.faults[1] = ValueError("never")
    bus.record(2)
    eventually(lambda: len(bus.letters.list()) == 1)
    assert bus.letters.replay() == 1
    eventually(lambda: bus.seen.attempts.count(1) == 2 * ATTEMPTS)
    eventually(lambda: [letter.position for letter in bus.letters.list()] == [1])


def test_a_server_that_is_away_is_waited_for_and_nothing_is_put_aside(bus: Bus) -> None:
    bus.relay()
    bus.listen(bus.reactions())
    bus.seen.faults[2] = Unavailable("the log is away")
    positions = bus.record(4)
    eventually(lambda: bus.seen.attempts.count(2) > 2)
    assert bus.seen.positions == positions[:1]
    bus.seen.faults.clear()
    eventually(lambda: bus.seen.positions == positions)
    assert bus.letters.list() == []


def test_a_projection_never_skips_it_stops_and_names_the_event(bus: Bus) -> None:
    bus.relay()
    kept = Kept()
    projection = bus.projection(kept)
    bus.listen(projection)
    kept.seen.faults[3] = KeyError("person")
    positions = bus.record(6)
    eventually(lambda: not projection.healthy())
    assert projection.fault is not None
    assert (projection.fault.position, projection.fault.kind) == (3, "coaching.JourneyOpened")
    assert "KeyError" in projection.fault.reason
    assert kept.seen.positions == positions[:2]
    kept.seen.faults.clear()
    projection.retry()
    eventually(lambda: kept.seen.positions == positions)
    assert projection.healthy()


def test_a_projection_waits_for_its_database(bus: Bus) -> None:
    bus.relay()
    kept = Kept()
    projection = bus.projection(kept)
    bus.listen(projection)
    kept.seen.faults[1] = Unavailable("the read models are away")
    positions = bus.record(2)
    eventually(lambda: kept.seen.attempts.count(1) > 2)
    assert projection.healthy()
    kept.seen.faults.clear()
    eventually(lambda: kept.seen.positions == positions)


class Remade(Kept):
    """Tables that another process makes anew, once, and that are then made ready to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = 0
        self.replaced = False

    def checkpoint(self) -> Position:
        self.begun += 1
        self.replaced = False
        return self.at

    def position(self) -> Position:
        if self.replaced:
            raise Replaced("another version made them")
        return self.at

    def apply(self, events: Sequence[EventMessage]) -> None:
        self.position()
        super().apply(events)


def test_a_projection_begins_anew_where_its_tables_were_replaced(bus: Bus) -> None:
    bus.relay()
    kept = Remade()
    bus.listen(bus.projection(kept))
    early = bus.record(2)
    eventually(lambda: kept.seen.positions == early)
    kept.replaced = True
    late = bus.record(2)
    eventually(lambda: kept.seen.positions == early + late)
    assert kept.begun == 2


def test_a_standby_is_asked_when_it_can_read_the_tables_and_a_successor_when_it_is_where_the_log_is(bus: Bus) -> None:
    kept = Remade()
    kept.replaced = True
    positions = bus.record(2)
    ready = Event()

    def in_a_while() -> Position:
        ready.wait()
        return Remade.checkpoint(kept)

    kept.checkpoint = in_a_while  # type: ignore[method-assign]
    listener = InboxConsumer(bus.projection(kept), bus.checkpoints, bus.uri)
    with bus.checkpoints.lease("reporting.inbox", 1):
        bus.start(listener)
        eventually(lambda: listener.inbox.awaits == "Replaced")
        assert not listener.begun
        kept.replaced = False
        eventually(lambda: listener.begun)
    eventually(lambda: listener.active)
    eventually(lambda: not listener.begun)
    ready.set()
    eventually(lambda: listener.begun)
    assert kept.seen.positions == positions


def test_an_event_that_kills_its_process_is_put_aside_after_five_starts(bus: Bus) -> None:
    """A death is played by a listener that is never heard of again in the middle of an event."""

    class Died(BaseException):
        pass

    bus.record(3)
    for _ in range(ATTEMPTS):
        seen = Seen()
        seen.faults = {2: Died()}  # type: ignore[dict-item]  # no Exception: nothing on the way handles it
        inbox = bus.reactions(seen)
        try:
            inbox.catch_up()
        except Died:
            assert seen.attempts[-1] == 2
    bus.listen(bus.reactions())
    eventually(lambda: bus.seen.positions == [3])
    eventually(lambda: [letter.position for letter in bus.letters.list()] == [2])
    assert "died" in bus.letters.list()[0].reason


def test_a_stop_in_the_middle_of_an_attempt_is_no_death(bus: Bus) -> None:
    """A service that is started again while its event waits for a server, more often than it may die of one."""
    bus.record(3)
    for _ in range(ATTEMPTS + 1):
        seen = Seen()
        seen.faults = {2: Unavailable("the log is away")}
        listener = bus.listen(bus.reactions(seen))
        eventually(lambda seen=seen: 2 in seen.attempts)  # type: ignore[misc]
        bus.stop(listener)
    bus.listen(bus.reactions())
    eventually(lambda: bus.seen.positions == [2, 3])
    assert bus.letters.list() == []


def test_nothing_secret_travels_in_the_headers(bus: Bus) -> None:
    if is_embedded(bus.uri):
        return
    bus.listen(bus.reactions())
    bus.seen.faults[1] = ValueError("one")
    bus.record(1)
    eventually(lambda: len(bus.letters.list()) == 1)
    with bus.connection() as connection:
        message = connection.channel().basic_get(f"{SERVICE}.dead", no_ack=False)
        assert set(message.headers) - {"x-delivery-count"} == {"service", "kind", "position", "reason"}
