"""What is known of a dead letter: how often and when it failed, as far as somebody has counted."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from shared.bus import inbox_consumer
from shared.bus.dead_letter_file import FileDeadLetters
from shared.bus.dead_letters import DELIVERY_LIMIT_REASON
from shared.bus.inbox_consumer import InboxConsumer
from shared.bus.policy_inbox import MAX_ATTEMPTS, PolicyInbox
from shared.bus.topology import DELIVERY_LIMIT, is_embedded
from shared.bus.transport.connection import consuming, drain_one
from shared.message import Position, encode
from tests.contract.bus.running import SERVICE, Bus, Recorder
from tests.processes import eventually


class Died(BaseException):
    """Stands for the death of the process: nothing on its way catches it, and what was not acknowledged returns to the queue."""


def test_a_dead_letter_tells_how_often_and_when_it_failed_also_before_it_was_given_back(bus: Bus) -> None:
    bus.consume(bus.policy_inbox())
    bus.recorder.faults[1] = ValueError("never")
    bus.record(2)
    eventually(lambda: len(bus.dead_letters.list()) == 1)
    (before,) = bus.dead_letters.list()
    assert before.attempts == MAX_ATTEMPTS
    assert before.first_failed_at is not None
    assert before.last_failed_at is not None
    assert before.first_failed_at < before.last_failed_at
    assert bus.dead_letters.replay() == 1
    eventually(lambda: [letter.attempts for letter in bus.dead_letters.list()] == [2 * MAX_ATTEMPTS])
    (after,) = bus.dead_letters.list()
    assert after.first_failed_at == before.first_failed_at
    assert after.last_failed_at is not None
    assert after.last_failed_at > before.last_failed_at
    bus.recorder.faults.clear()
    assert bus.dead_letters.replay() == 1
    eventually(lambda: bus.recorder.positions == [2, 1])
    bus.recorder.faults[1] = ValueError("again")
    file = bus.dead_letters
    if isinstance(file, FileDeadLetters):  # handled in between: what failed before is forgotten
        eventually(lambda: file.execute("select count(*) from failures").fetchone() == (0,))


def test_of_several_who_list_dead_letters_at_once_each_gets_all_of_them(bus: Bus) -> None:
    bus.consume(bus.policy_inbox())
    bus.recorder.faults = {position: ValueError("never") for position in (1, 2, 3)}
    bus.record(4)
    eventually(lambda: len(bus.dead_letters.list()) == 3)
    eventually(lambda: bus.dead_letters.count(SERVICE) == 3)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: [letter.position for letter in bus.dead_letters.list()], range(12)))
    assert answers == [[1, 2, 3]] * 12


def test_a_dead_letter_that_the_broker_moved_tells_when(bus: Bus) -> None:
    """Its consumer died with it each time, so nobody counted, and no exception was seen."""
    if is_embedded(bus.uri):
        return
    bus.record(2)
    event, _ = bus.store.read_at([1, 2])
    bus.publish([event])
    with bus.connection() as connection:
        channel = connection.channel()
        given: list[Any] = []
        with consuming(channel, f"{SERVICE}.inbox", given.append, 1):
            for count in range(1, DELIVERY_LIMIT + 2):
                eventually(lambda count=count: drain_one(connection, 0.1) and len(given) == count)  # type: ignore[misc]
                channel.basic_reject(given[-1].delivery_tag, requeue=True)
            eventually(lambda: len(bus.dead_letters.list()) == 1)
    (letter,) = bus.dead_letters.list()
    assert (letter.position, letter.reason) == (1, DELIVERY_LIMIT_REASON)
    assert letter.last_failed_at is not None
    assert letter.last_failed_at.startswith("20")
    assert letter.last_failed_at.endswith("+00:00")
    assert (letter.attempts, letter.first_failed_at) == (None, None)


def test_an_event_that_is_in_the_queue_twice_is_listed_once_and_hides_no_other(bus: Bus) -> None:
    """A service that is killed between a dead letter and its checkpoint adds it again after its start."""
    if is_embedded(bus.uri):
        return
    bus.record(2)
    first, second = bus.store.read_at([1, 2])
    with bus.connection() as connection:
        publisher = bus.publisher(connection)
        for event in (first, first, second):
            publisher.publish(encode(event), "", f"{SERVICE}.dead", {"reason": "ValueError"}, str(event.id))
        publisher.wait_for_confirms()
    assert [letter.position for letter in bus.dead_letters.list(SERVICE)] == [1, 2]
    assert bus.dead_letters.replay(SERVICE) == 2


class Dying(PolicyInbox):
    """Once it has caught up, one more event is recorded and announced. The process dies of that one, or of another that is given again."""

    def __init__(self, bus: Bus, fatal: Position | None = None) -> None:
        self.bus, self.recorder, self.fatal = bus, Recorder(), fatal
        super().__init__(SERVICE, bus.store, bus.checkpoints, self.recorder.react)

    def catch_up(self, until: Position | None = None) -> Position:
        caught_up = super().catch_up(until)
        if not self.recorder.faults:
            (last,) = self.bus.record()
            self.recorder.faults = {self.fatal or last: Died()}  # type: ignore[dict-item]
            self.bus.publish(self.bus.store.read_at([last]))
        return caught_up


def die(bus: Bus, monkeypatch: pytest.MonkeyPatch, fatal: Position | None = None) -> None:
    monkeypatch.setattr(inbox_consumer, "BATCH_WAIT_S", 0.3)  # what waits in the queue is one batch, however slow the broker is
    file = bus.dead_letters if isinstance(bus.dead_letters, FileDeadLetters) else None
    with pytest.raises(Died):
        InboxConsumer(Dying(bus, fatal), bus.checkpoints, bus.uri, file).run()


def test_an_event_that_was_handled_is_no_dead_letter_because_its_process_died_of_others(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    bus.record(3)
    bus.publish(bus.store.read_all(0))
    for _ in range(DELIVERY_LIMIT + 2):
        die(bus, monkeypatch)
    bus.consume(bus.policy_inbox())
    last = bus.record()
    bus.publish(bus.store.read_at(last))
    eventually(lambda: bus.recorder.positions[-1:] == last)
    assert bus.dead_letters.list() == []


def test_a_dead_letter_that_kills_the_process_is_given_to_the_next_one_and_what_was_taken_with_it_is_not(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    consumer = bus.consume(bus.policy_inbox())
    bus.recorder.faults[1] = ValueError("never")
    bus.record(3)
    eventually(lambda: bus.recorder.positions == [2, 3])
    eventually(lambda: len(bus.dead_letters.list()) == 1)
    bus.stop(consumer)
    assert bus.dead_letters.replay() == 1
    bus.publish(bus.store.read_at([3]))
    die(bus, monkeypatch, fatal=1)
    bus.recorder.faults.clear()
    bus.consume(bus.policy_inbox())
    eventually(lambda: bus.recorder.positions == [2, 3, 1])
    assert bus.dead_letters.list() == []
