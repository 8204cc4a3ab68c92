"""What is known of a dead letter: how often and when it failed, as far as somebody has counted."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from shared.bus.dead_letter_file import FileDeadLetters
from shared.bus.dead_letters import DELIVERY_LIMIT_REASON
from shared.bus.policy_inbox import MAX_ATTEMPTS
from shared.bus.topology import DELIVERY_LIMIT, is_embedded
from shared.bus.transport.connection import consuming, drain_one
from shared.message import encode
from tests.contract.bus.running import SERVICE, Bus
from tests.processes import eventually


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
