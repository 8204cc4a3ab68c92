"""The contract suite fails on a server that breaks a promise, and only there.

The server is simulated: this tests the client and the protocol, but says nothing about durability.

Each promise is checked by a test function of the suite, which is called with a store on a server with one fault.
"""

from collections.abc import Callable
from typing import Any

import pytest
from kurrentdbclient import KurrentDBClient

from shared.errors import Conflict, UnknownPosition
from shared.store.kurrent.events import to_kurrent
from shared.store.kurrent.store import KurrentStore
from shared.store.port import EventStore
from tests.contract.store import test_append as appending
from tests.contract.store import test_reading as reading
from tests.contract.store.writing import append
from tests.kurrent import faults
from tests.kurrent import test_kurrent as particular
from tests.kurrent import test_simulated as simulation
from tests.kurrent.log import REMEMBERED, Log
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


def a_late_repetition_gets_the_first_answer(store: EventStore) -> None:
    """So late that ANY would not recognise the events."""
    repeated = append("a", 0, 2)
    first = store.append(repeated)
    store.append(append("b", 0, REMEMBERED + 1))
    assert store.append(repeated) == first


def a_waiting_reader_is_woken_by_the_subscription_alone(store: KurrentStore) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store.client, "head", lambda: 0)
        new = append("a")
        store.client.append(new, to_kurrent(new.events, b""))  # as if by another process
        assert store.wait(0, 3)


PROMISES: dict[str, Callable[[KurrentStore], None]] = {
    "positions": appending.test_events_take_the_versions_after_the_expected_one,
    "versions": a_wrong_version_is_a_conflict,
    "repeated": appending.test_repeated_events_get_their_first_answer,
    "repeated-later": appending.test_repeated_events_get_their_first_answer_after_newer_events,
    "repeated-late": a_late_repetition_gets_the_first_answer,
    "partly-repeated": appending.test_repeating_only_some_of_the_events_is_a_conflict,
    "order": events_come_in_order,
    "one-by-one": events_come_in_order_one_by_one,
    "chain": reading.test_each_event_names_the_position_before_its_own,
    "limit": reading.test_a_page_holds_no_more_than_its_limit,
    "moment": reading.test_the_position_at_a_moment_is_the_last_one_recorded_by_then,
    "times": live_events_have_rising_times,
    "stream": reading.test_a_stream_is_read_after_a_version,
    "size": particular.test_an_append_over_the_limit_of_the_server_is_too_large_and_leaves_nothing,
    "woken": a_waiting_reader_is_woken_by_the_subscription_alone,
}
BROKEN_PROMISES: list[tuple[type[Log] | type[Streams], set[str]]] = [
    (faults.AcceptsAWrongVersion, {"versions", "partly-repeated"}),
    (faults.ForgetsIdempotency, {"repeated", "repeated-later"}),
    (faults.WritesRepeatedEventsAgain, {"repeated", "repeated-later"}),
    (faults.WritesPartOfARefusedAppend, {"versions", "partly-repeated"}),
    (faults.ComparesWithRecentEventsOnly, {"versions", "repeated-late", "partly-repeated"}),
    (faults.WritesPartOfAnAppend, {"positions", "order"}),
    (faults.ReturnsAnotherPosition, {"positions"}),
    (faults.ReportsAnotherVersion, {"versions"}),
    (faults.AcceptsAppendsOfAnySize, {"size"}),
    (faults.HasAClockThatGoesBackwards, {"times"}),
    (faults.SkipsAnEvent, {"limit"}),
    (faults.RepeatsAPage, {"order"}),
    (faults.ChangesTheOrder, {"one-by-one"}),
    (faults.HidesTheLastEvent, {"one-by-one"}),
    (faults.StartsAfterThePosition, {"one-by-one", "chain"}),
    (faults.StartsStreamsTooLate, {"stream"}),
    (faults.IgnoresFilters, {"order", "one-by-one"}),
    (faults.SendsNothingToSubscribers, {"woken"}),
]
# Rules of the server that the adapter does not rely on. The simulated server must keep them, so that the adapter would be tested correctly
# if it began to rely on them.
RULES: dict[str, Callable[[KurrentDBClient], None]] = {
    "any": simulation.test_with_any_version_late_repetitions_are_written_twice,
    "subscription": simulation.test_a_subscription_starts_after_its_position_catches_up_and_continues,
    "checkpoint": simulation.test_a_filtered_subscription_sends_checkpoints,
    "all": simulation.test_the_log_is_read_with_the_position_forwards_and_without_it_backwards,
}
BROKEN_RULES: list[tuple[type[Log] | type[Streams], str]] = [
    (faults.RemembersAllEvents, "any"),
    (faults.SubscribesFromThePosition, "subscription"),
    (faults.NeverCatchesUp, "subscription"),
    (faults.IgnoresFilters, "checkpoint"),
    (faults.StartsAfterThePosition, "all"),
]


def server_with(kind: type[Log] | type[Streams]) -> Simulated:
    return Simulated(kind()) if issubclass(kind, Log) else Simulated(streams=kind)


def is_kept(kind: type[Log] | type[Streams], promise: Callable[[Any], None], opens: Callable[[str], Any] = KurrentStore) -> bool:
    server = server_with(kind)
    store = opens(server.uri)
    try:
        promise(store)
    except (AssertionError, Conflict, UnknownPosition, ValueError, pytest.fail.Exception):
        return False
    else:
        return True
    finally:
        store.close()
        server.stop()


@pytest.mark.parametrize(("kind", "failing"), BROKEN_PROMISES, ids=lambda value: getattr(value, "__name__", ""))
def test_a_server_that_breaks_a_promise_is_noticed(kind: type[Log] | type[Streams], failing: set[str]) -> None:
    assert {name for name in failing if is_kept(kind, PROMISES[name])} == set()


@pytest.mark.parametrize("name", PROMISES)
def test_a_correct_server_keeps_every_promise(name: str) -> None:
    assert is_kept(Log, PROMISES[name])


@pytest.mark.parametrize(("kind", "rule"), BROKEN_RULES, ids=lambda value: getattr(value, "__name__", value))
def test_a_simulated_server_that_breaks_a_rule_is_noticed(kind: type[Log] | type[Streams], rule: str) -> None:
    assert not is_kept(kind, RULES[rule], KurrentDBClient)
