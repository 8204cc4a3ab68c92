"""Large events: many in one append, and in the commits of several writers; an event over the limit is refused."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.errors import TooLarge
from shared.store.port import BODY_LIMIT, Append, EventStore
from tests.contract.store.invariants import assert_log_invariants
from tests.contract.store.writing import all_events, append, event

MAX_KURRENT_APPEND = 1024 * 1024  # bytes, see shared/store/kurrent/store.py


def data_at_the_limit(stream: str, over: int = 0) -> bytes:
    spare = BODY_LIMIT - len(event(stream, data=b'""').body) + over
    return b'"' + b"x" * spare + b'"'


def at_the_limit(stream: str, size: int = 1, over: int = 0) -> Append:
    return Append(stream, 0, [event(stream, data=data_at_the_limit(stream, over)) for _ in range(size)])


@pytest.fixture
def size(address: str) -> int:
    """The number of events of the maximal size in one append."""
    return MAX_KURRENT_APPEND // BODY_LIMIT - 1 if address.startswith("kurrentdb") else 40


def test_many_large_events_of_one_append_are_read_back(store: EventStore, size: int) -> None:
    large = at_the_limit("a", size=size)
    assert {len(event.body) for event in large.events} == {BODY_LIMIT}
    assert store.append(large) == store.append(large)
    assert [event.id for event in store.read_stream("a")] == [event.id for event in large.events]
    assert {bytes(event.data) for event in all_events(store)} == {data_at_the_limit("a")}
    assert_log_invariants(all_events(store))


def test_large_appends_of_several_writers_at_once_are_all_recorded(store: EventStore, size: int) -> None:
    """More than fits in one commit, so that there are several."""
    appends = [at_the_limit(f"s{index}", size=min(size, 12)) for index in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(store.append, appends))
    assert {answer.version for answer in answers} == {min(size, 12)}
    log = all_events(store)
    assert_log_invariants(log)
    assert sorted(event.id for event in log) == sorted(event.id for each in appends for event in each.events)


def test_an_event_over_the_limit_is_refused_with_the_limit_and_affects_no_other(store: EventStore) -> None:
    over = at_the_limit("a", over=1)
    with ThreadPoolExecutor(8) as pool:
        others = [pool.submit(store.append, append(f"s{index}")) for index in range(20)]
        with pytest.raises(TooLarge, match=rf"counting\.Counted takes {BODY_LIMIT + 1} bytes.*{BODY_LIMIT}"):
            store.append(over)
        assert {other.result().version for other in others} == {1}
    with pytest.raises(TooLarge, match=str(BODY_LIMIT)):
        store.append_many([append("b"), Append("a", 0, [event("a"), *over.events]), append("c")])
    assert len(all_events(store)) == 20
    assert store.append(append("a")).version == 1
