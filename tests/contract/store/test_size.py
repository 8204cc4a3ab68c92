"""Large events: many in one append, several writers' in one commit, and what is over a limit is told which."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.errors import TooLarge
from shared.store.port import BODY_LIMIT, Append, EventStore
from tests.contract.store.whole import assert_whole
from tests.contract.store.writing import append, event, everything

SERVERS_LIMIT = 1024 * 1024  # of one append in KurrentDB, see shared/store/kurrent/store.py


def data_at_the_limit(stream: str, over: int = 0) -> bytes:
    spare = BODY_LIMIT - len(event(stream, data=b'""').body) + over
    return b'"' + b"x" * spare + b'"'


def at_the_limit(stream: str, size: int = 1, over: int = 0) -> Append:
    return Append(stream, 0, [event(stream, data=data_at_the_limit(stream, over)) for _ in range(size)])


@pytest.fixture
def size(address: str) -> int:
    """How many events at the limit one append may have."""
    return SERVERS_LIMIT // BODY_LIMIT - 1 if address.startswith("kurrentdb") else 40


def test_many_large_events_of_one_append_are_read_back(store: EventStore, size: int) -> None:
    asked = at_the_limit("a", size=size)
    assert {len(event.body) for event in asked.events} == {BODY_LIMIT}
    assert store.append(asked) == store.append(asked)
    assert [event.id for event in store.read_stream("a")] == [event.id for event in asked.events]
    assert {bytes(event.data) for event in everything(store)} == {data_at_the_limit("a")}
    assert_whole(everything(store))


def test_large_appends_of_several_writers_at_once_are_all_recorded(store: EventStore, size: int) -> None:
    """More than one commit takes, so that they leave in several."""
    asked = [at_the_limit(f"s{index}", size=min(size, 12)) for index in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(store.append, asked))
    assert {answer.version for answer in answers} == {min(size, 12)}
    log = everything(store)
    assert_whole(log)
    assert sorted(event.id for event in log) == sorted(event.id for each in asked for event in each.events)


def test_an_event_over_the_limit_is_refused_with_the_limit_and_affects_no_other(store: EventStore) -> None:
    over = at_the_limit("a", over=1)
    with ThreadPoolExecutor(8) as pool:
        others = [pool.submit(store.append, append(f"s{index}")) for index in range(20)]
        with pytest.raises(TooLarge, match=rf"counting\.Counted takes {BODY_LIMIT + 1} bytes.*{BODY_LIMIT}"):
            store.append(over)
        assert {other.result().version for other in others} == {1}
    with pytest.raises(TooLarge, match=str(BODY_LIMIT)):
        store.append_many([append("b"), Append("a", 0, [event("a"), *over.events]), append("c")])
    assert len(everything(store)) == 20
    assert store.append(append("a")).version == 1
