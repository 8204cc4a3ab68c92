"""What is particular to a log in KurrentDB: restarts, time limits, recording times, positions, authentication.

The server is simulated: this tests the client and the protocol, but says nothing about durability.
"""

import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from kurrentdbclient import RecordedEvent

from shared.errors import Conflict, TooLarge, Unavailable, UnknownPosition
from shared.message import Position
from shared.store.kurrent import client, subscription
from shared.store.kurrent.store import KurrentStore
from shared.store.port import Append
from tests.contract.store.writing import all_events, append, event, numbered_append
from tests.kurrent.log import Log
from tests.kurrent.security import Security
from tests.kurrent.server import Simulated

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def recording_times(store: KurrentStore) -> list[datetime]:
    return [event.recordedtime for event in all_events(store)]


def test_events_of_the_server_itself_are_left_out_and_do_not_break_the_chain(server: Simulated, store: KurrentStore) -> None:
    for number in range(30):
        store.append(append(f"s{number}"))
    assert len(server.log.records) > 31
    for size in (1, 7, 8, 100):
        read = all_events(store, size)
        assert len(read) == 30
        assert [event.previous for event in read] == [0, *(event.position for event in read[:-1])]


def test_a_checkpoint_of_another_log_is_an_unknown_position(store: KurrentStore) -> None:
    answer = store.append(append("a", 0, 3))
    with pytest.raises(UnknownPosition, match="another log"):
        store.read_all(answer.position - 1)


def test_callers_do_not_notice_a_restart_of_the_server(server: Simulated, store: KurrentStore) -> None:
    appended = append("a", 0, 2)
    first = store.append(appended)
    server.restart()
    assert store.append(appended) == first
    server.restart()
    assert [event.streamversion for event in store.read_all(0)] == [1, 2]
    server.restart()
    assert len(store.read_stream("a")) == 2
    server.restart()
    assert store.head() == first.position


def test_a_reader_reconnects_to_a_server_that_was_down_for_a_while(server: Simulated, store: KurrentStore) -> None:
    """The client does not retry while events stream in. Without our retry the read would fail for as long as gRPC backs off."""
    store.append(append("a"))
    server.stop()
    with pytest.raises(Unavailable):
        store.read_all(0)
    time.sleep(0.7)
    server.start()
    assert len(store.read_all(0)) == 1


def test_a_waiting_reader_is_woken_by_the_subscription_after_a_restart(
    server: Simulated, store: KurrentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscription, "HEAD_POLL_INTERVAL_S", 60)  # without polling, only the subscription can wake the reader
    store.append(append("a"))
    assert not store.wait(store.head(), 0.1)
    while not server.streams.subscriptions:
        time.sleep(0.01)
    server.restart()
    while not server.streams.subscriptions:
        time.sleep(0.01)
    other = KurrentStore(server.uri)
    threading.Timer(0.2, lambda: other.append(append("b"))).start()
    start = time.monotonic()
    assert store.wait(store.head(), 20)
    assert time.monotonic() - start < 5
    other.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_subscription_that_died_of_an_unexpected_error_is_started_again(
    server: Simulated, store: KurrentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(store.client, "subscribe", lambda after, seconds: {}[after])
        assert not store.wait(0, 0.2)
    assert not server.streams.subscriptions
    for _ in range(100):
        assert not store.wait(0, 0.1)
        if server.streams.subscriptions:
            return
    raise AssertionError("no new subscription was started")


def test_a_waiting_reader_is_woken_without_a_subscription(store: KurrentStore, server: Simulated, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscription.HeadSubscription, "ensure_running", lambda self: None)
    other = KurrentStore(server.uri)
    threading.Timer(0.2, lambda: other.append(append("b"))).start()
    assert store.wait(0, 10)
    other.close()


def test_all_waiting_readers_share_one_subscription(server: Simulated, store: KurrentStore) -> None:
    threads = [threading.Thread(target=store.wait, args=(0, 0.5)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.streams.subscriptions == 1


def test_a_stopped_server_is_unavailable_until_it_returns(server: Simulated, store: KurrentStore) -> None:
    store.append(numbered_append(1, 0))
    server.stop()
    for call in (
        lambda: store.append(numbered_append(1, 1)),
        lambda: store.read_stream("worker-1"),
        lambda: store.read_all(0),
        store.head,
        lambda: store.position_at(LONG_AGO),
        lambda: store.wait(store.subscription.last_seen, 1),
        lambda: KurrentStore(server.uri),
    ):
        with pytest.raises(Unavailable):
            call()
    server.start()
    assert store.append(numbered_append(1, 1)).version == 2
    assert len(store.read_all(0)) == 2


def test_a_silent_server_is_unavailable_after_the_timeout(server: Simulated, store: KurrentStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "CALL_TIMEOUT_S", 0.3)
    monkeypatch.setattr(client, "PAGE_TIMEOUT_S", 0.3)
    server.streams.answering.clear()
    for call in (lambda: store.append(numbered_append(1, 0)), lambda: store.read_stream("a"), lambda: store.read_all(0), store.head):
        start = time.monotonic()
        with pytest.raises(Unavailable):
            call()
        assert time.monotonic() - start < 3
    server.streams.answering.set()
    assert store.append(numbered_append(1, 0)).version == 1
    assert len(store.read_all(0)) == 1


def test_a_server_that_is_silent_after_a_restart_is_unavailable_after_the_timeout(
    server: Simulated, store: KurrentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client makes a call of its own when it reconnects, by default without a time limit."""
    monkeypatch.setattr(client, "CALL_TIMEOUT_S", 0.3)
    server.stop()
    with pytest.raises(Unavailable):
        store.append(numbered_append(1, 0))
    server.start()
    server.streams.answering.clear()
    start = time.monotonic()
    with pytest.raises(Unavailable):
        store.append(numbered_append(1, 0))
    assert time.monotonic() - start < 5


def test_live_events_of_two_processes_have_the_time_of_the_server(server: Simulated) -> None:
    """The clock of one of them is a day behind, which has no effect."""
    late = KurrentStore(server.uri, lambda: datetime.now(UTC) - timedelta(days=1))
    right = KurrentStore(server.uri)
    for number in range(10):
        (late, right)[number % 2].append(append(f"s{number}"))
    assert recording_times(right) == sorted(recording_times(right))
    assert abs(recording_times(right)[0] - datetime.now(UTC)) < timedelta(seconds=10)
    late.close()
    right.close()


def test_history_loaded_after_live_events_is_recorded_no_earlier_than_they(store: KurrentStore, server: Simulated) -> None:
    other = KurrentStore(server.uri)
    other.append(append("a"))
    store.append(Append("b", 0, [event("b")], LONG_AGO))
    live, history = recording_times(store)
    assert history == live
    other.close()


def test_a_process_that_starts_later_records_no_earlier_than_a_time_ahead(store: KurrentStore, server: Simulated) -> None:
    ahead = datetime.now(UTC) + timedelta(hours=1)
    store.append(Append("a", 0, [event("a")], ahead))
    later = KurrentStore(server.uri)
    later.append(append("b"))
    assert recording_times(later) == [ahead, ahead]
    later.close()


def test_an_event_has_one_time_for_all_readers_even_if_the_servers_clock_steps_back() -> None:
    times = iter([3_000, 5_000, 2_000, 6_000, 7_000])
    server = Simulated(Log(lambda: next(times) * 1_000_000_000))
    store = KurrentStore(server.uri)
    for name in "abc":
        store.append(append(name))
    by_log = {event.subject: event.recordedtime for event in store.read_all(0)}
    after_first = {event.subject: event.recordedtime for event in store.read_all(store.read_all(0)[0].position)}
    by_stream = {name: store.read_stream(name)[0].recordedtime for name in "abc"}
    assert by_log == by_stream
    assert after_first.items() < by_log.items()
    assert [int(moment.timestamp()) for moment in by_log.values()] == [5_000, 2_000, 6_000]
    assert store.position_at(datetime.fromtimestamp(2_500, UTC)) == store.read_stream("b")[0].position
    store.close()
    server.stop()


def test_a_moment_is_looked_up_from_an_event_that_was_read_before(store: KurrentStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.append_many([Append(f"s{day}", 0, [event(f"s{day}")], LONG_AGO + timedelta(days=day)) for day in range(400)])
    read = all_events(store)
    page_sizes: list[int] = []
    backwards = store.client.read_backwards

    def recorded_backwards(before: Position | None, limit: int) -> Sequence[RecordedEvent]:
        page_sizes.append(limit)
        return backwards(before, limit)

    monkeypatch.setattr(store.client, "read_backwards", recorded_backwards)
    for day in (10, 9, 399, 0, 200, 10):
        assert store.position_at(LONG_AGO + timedelta(days=day, hours=1)) == read[day].position
    assert store.position_at(LONG_AGO - timedelta(days=1)) == 0
    page_sizes.clear()
    assert store.position_at(LONG_AGO + timedelta(days=10, hours=1)) == read[10].position
    assert len(page_sizes) <= 2


def test_an_append_over_the_limit_of_the_server_is_too_large_and_leaves_nothing(store: KurrentStore) -> None:
    big = b'"' + b"x" * 200_000 + b'"'
    with pytest.raises(TooLarge):
        store.append(Append("a", 0, [event("a", data=big) for _ in range(6)]))
    assert store.read_stream("a") == []


def test_a_conflict_is_not_a_server_error(store: KurrentStore) -> None:
    store.append(append("a", 0, 2))
    for size in (1, 2):
        with pytest.raises(Conflict) as caught:
            store.append(append("a", 5, size))
        assert caught.value.actual == 2
        with pytest.raises(Conflict) as caught:
            store.append(append("b", 1, size))
        assert caught.value.actual == 0


def test_tls_and_the_password_come_from_the_address(tmp_path: Path) -> None:
    server = Simulated(security=Security(tmp_path))
    uri = server.uri
    store = KurrentStore(uri)
    assert store.append(append("a")).position == store.head()
    assert store.wait(0, 5)
    for wrong in (uri.replace("changeit", "guessed"), uri.partition("?")[0]):
        with pytest.raises(Unavailable) as caught:
            KurrentStore(wrong)
        assert "guessed" not in str(caught.value)
        assert "changeit" not in str(caught.value)
    store.close()
    server.stop()


def test_a_node_is_found_by_gossip_and_no_node_is_unavailable(server: Simulated) -> None:
    store = KurrentStore(server.uri.replace("kurrentdb:", "kurrentdb+discover:"))
    assert store.append(append("a")).version == 1
    store.close()
    with pytest.raises(Unavailable):
        KurrentStore("kurrentdb+discover://localhost:1?tls=false&maxDiscoverAttempts=1&gossipTimeout=1")
