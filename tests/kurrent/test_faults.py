"""The contract suite goes red on a server that breaks a promise, and on no other.

Simulated: proves the client and the wire, nothing about durability. The promises are the suite's own functions, kept or not by a
server with one fault.
"""

from collections.abc import Callable

import pytest

from shared.errors import Conflict
from shared.store.kurrent import KurrentStore
from shared.store.port import EventStore
from tests.contract.store import test_append as appending
from tests.contract.store import test_reading as reading
from tests.contract.store.writing import append
from tests.kurrent import faults
from tests.kurrent.log import Log
from tests.kurrent.server import Simulated, Streams


def events_come_in_order(store: EventStore) -> None:
    reading.test_pages_of_any_size_give_the_whole_log_once_and_in_order(store, 7)


def events_come_in_order_one_by_one(store: EventStore) -> None:
    reading.test_pages_of_any_size_give_the_whole_log_once_and_in_order(store, 1)


def a_wrong_version_is_a_conflict(store: EventStore) -> None:
    appending.test_another_version_than_the_expected_one_is_a_conflict_and_writes_nothing(store, 1)


def live_events_have_rising_times(store: EventStore) -> None:
    for name in "abc":
        store.append(append(name))
    times = [event.recordedtime for event in store.read_all(0)]
    assert times == sorted(times)


PROMISES: dict[str, Callable[[EventStore], None]] = {
    "versions": a_wrong_version_is_a_conflict,
    "again": appending.test_the_same_events_again_get_the_first_answer,
    "again-later": appending.test_the_same_events_again_get_the_first_answer_after_newer_events,
    "half": appending.test_half_of_the_same_events_is_a_conflict,
    "order": events_come_in_order,
    "one-by-one": events_come_in_order_one_by_one,
    "chain": reading.test_each_event_names_the_position_before_its_own,
    "limit": reading.test_a_page_holds_no_more_than_its_limit,
    "moment": reading.test_the_position_at_a_moment_is_the_last_one_recorded_by_then,
    "times": live_events_have_rising_times,
}
RED: list[tuple[type[Log] | type[Streams], set[str]]] = [
    (faults.AcceptsAWrongVersion, {"versions", "half"}),
    (faults.ForgetsIdempotency, {"again", "again-later"}),
    (faults.WritesRepeatedEventsAgain, {"again", "again-later"}),
    (faults.KeepsHalfOfWhatItRefuses, {"versions", "half"}),
    (faults.HasAClockThatRunsBackwards, {"times"}),
    (faults.SkipsAnEvent, {"limit"}),
    (faults.RepeatsAPage, {"order"}),
    (faults.ChangesTheOrder, {"one-by-one"}),
    (faults.ForgetsTheEnd, {"one-by-one"}),
]


def broken(kind: type[Log] | type[Streams]) -> Simulated:
    return Simulated(kind()) if issubclass(kind, Log) else Simulated(streams=kind)


def kept(kind: type[Log] | type[Streams], promise: Callable[[EventStore], None]) -> bool:
    server = broken(kind)
    store = KurrentStore(server.uri)
    try:
        promise(store)
    except (AssertionError, Conflict, ValueError, pytest.fail.Exception):
        return False
    else:
        return True
    finally:
        store.close()
        server.stop()


@pytest.mark.parametrize(("kind", "red"), RED, ids=lambda value: getattr(value, "__name__", ""))
def test_a_server_that_breaks_a_promise_is_noticed(kind: type[Log] | type[Streams], red: set[str]) -> None:
    assert {name for name in red if kept(kind, PROMISES[name])} == set()


@pytest.mark.parametrize("name", PROMISES)
def test_a_server_that_keeps_them_is_not(name: str) -> None:
    assert kept(Log, PROMISES[name])
