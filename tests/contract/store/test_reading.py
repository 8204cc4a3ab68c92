"""Reading: order, pages, the chain of positions, recording times, and waiting for more."""

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from shared.message import Recorded
from shared.store.port import Append, EventStore
from tests.contract.store.writing import all_events, append, event, open_store

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def at(stream: str, moment: datetime | None, expected: int = 0) -> Append:
    return Append(stream, expected, [event(stream)], moment)


def test_an_empty_log_has_nothing_and_starts_at_zero(store: EventStore) -> None:
    assert (store.head(), store.read_all(0), store.read_stream("a")) == (0, [], [])


def test_a_stream_is_read_after_a_version(store: EventStore) -> None:
    store.append(append("a", 0, size=5))
    store.append(append("b"))
    assert [event.streamversion for event in store.read_stream("a", 3)] == [4, 5]
    assert store.read_stream("a", 5) == store.read_stream("nobody") == []


def test_several_streams_are_read_each_as_if_alone(store: EventStore) -> None:
    for name, size in (("a", 2), ("b", 1), ("c", 3)):
        store.append(append(name, 0, size=size))
    store.append(append("a", 2, size=2))
    read = store.read_streams(["c", "nobody", "a", 'é, "{}'])
    assert [*read] == ["c", "nobody", "a", 'é, "{}']
    assert read == {name: store.read_stream(name) for name in read}
    assert [len(events) for events in read.values()] == [3, 0, 4, 0]
    assert store.read_streams([]) == {}


@pytest.mark.parametrize("size", [1, 7, 512, 2_000])
def test_pages_of_any_size_give_the_whole_log_once_and_in_order(store: EventStore, size: int) -> None:
    appends = [append(f"s{index}", 0, 1 + index % 3) for index in range({1: 20, 7: 100}.get(size, 600))]
    store.append_many(appends)
    read = all_events(store, size)
    assert [event.id for event in read] == [event.id for append in appends for event in append.events]
    assert [event.position for event in read] == sorted({event.position for event in read})


def test_a_page_holds_no_more_than_its_limit(store: EventStore) -> None:
    store.append(append("a", 0, size=10))
    assert [len(store.read_all(0, limit)) for limit in (1, 9, 10, 11)] == [1, 9, 10, 10]


def test_each_event_names_the_position_before_its_own(store: EventStore) -> None:
    store.append(append("a", 0, size=9))
    for size in (1, 2, 4, 100):
        read = all_events(store, size)
        assert [event.previous for event in read] == [0, *(event.position for event in read[:-1])]


def test_a_page_beyond_the_head_is_empty(store: EventStore) -> None:
    store.append(append("a"))
    assert store.read_all(store.head()) == store.read_all(store.head() + 1_000) == []


def test_any_position_and_any_limit_is_accepted(store: EventStore) -> None:
    store.append(append("a", 0, size=3))
    for far in (2**63 - 1, 2**63, 2**64):
        assert store.read_all(far) == store.read_at([far]) == []
    assert store.read_all(0, 0) == store.read_all(0, -1) == store.read_all(store.read_all(0, 1)[0].position, -1) == []


def test_recording_time_is_now(store: EventStore) -> None:
    store.append(append("a"))
    assert abs(datetime.now(UTC) - store.read_stream("a")[0].recordedtime) < timedelta(seconds=5)


def test_recording_time_never_goes_backwards(store: EventStore) -> None:
    ahead = datetime.now(UTC) + timedelta(hours=1)
    store.append_many([at("a", LONG_AGO), at("b", LONG_AGO - timedelta(days=1)), at("c", ahead), at("d", None), at("e", LONG_AGO)])
    assert [event.recordedtime for event in all_events(store)] == [LONG_AGO, LONG_AGO, ahead, ahead, ahead]
    store.append(at("f", None))
    assert all_events(store)[-1].recordedtime == ahead


def test_the_position_at_a_moment_is_the_last_one_recorded_by_then(store: EventStore) -> None:
    moments = [LONG_AGO + timedelta(days=day) for day in (0, 0, 1, 5, 5, 5, 9)]
    store.append_many([at(f"s{index}", moment) for index, moment in enumerate(moments)])
    read = all_events(store)
    for moment in [LONG_AGO + timedelta(hours=12 * half) for half in range(-1, 20)]:
        expected = [event.position for event in read if event.recordedtime <= moment]
        assert store.position_at(moment) == (expected[-1] if expected else 0)


def test_an_empty_log_has_no_position_at_any_moment(store: EventStore) -> None:
    assert store.position_at(LONG_AGO) == 0


def test_waiting_ends_at_once_when_there_is_more(store: EventStore) -> None:
    store.append(append("a"))
    assert store.wait(0, 0)


def test_waiting_ends_at_the_timeout(store: EventStore) -> None:
    start = time.monotonic()
    assert not store.wait(store.head(), 0.2)
    assert 0.15 < time.monotonic() - start < 2


@pytest.mark.parametrize("elsewhere", [False, True])
def test_an_append_wakes_waiting_readers(store: EventStore, address: str, elsewhere: bool) -> None:
    writer = open_store(address) if elsewhere else store
    threading.Timer(0.1, lambda: writer.append(append("a"))).start()
    start = time.monotonic()
    assert store.wait(0, 20)
    assert time.monotonic() - start < 5


class WithSubject(Recorded, frozen=True, kw_only=True, gc=False):
    """A reader's own struct: the fields of Recorded and one more."""

    subject: str


def test_a_reader_can_declare_the_fields_it_needs(store: EventStore) -> None:
    for number in range(3):
        store.append(append(f"s{number}", 0, size=2))
    few_fields = store.read_as(WithSubject, 0, 5)
    all_fields = store.read_all(0, 5)
    assert [(event.position, event.previous, event.subject, bytes(event.data)) for event in few_fields] == [
        (event.position, event.previous, event.subject, bytes(event.data)) for event in all_fields
    ]
    assert store.read_as(Recorded, few_fields[-1].position, 5)[0].position == store.head()


def test_events_are_read_at_their_positions_in_the_order_of_the_log(store: EventStore) -> None:
    for number in range(4):
        store.append(append(f"s{number}", 0, size=2))
    events = all_events(store)
    positions = [events[6].position, events[1].position, events[6].position, store.head() + 1_000, 0]
    assert [event.id for event in store.read_at(positions)] == [events[1].id, events[6].id]
    assert store.read_at([]) == []
