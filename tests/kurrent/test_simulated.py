"""The simulated server follows the rules of the real one, as seen through the real client.

The server is simulated: this tests the client and the protocol, but says nothing about durability.
"""

from collections.abc import Iterator

import pytest
from kurrentdbclient import KurrentDBClient, NewEvent, StreamState
from kurrentdbclient.events import CaughtUp, Checkpoint
from kurrentdbclient.exceptions import (
    InvalidCommitPositionError,
    MaximumAppendSizeExceededError,
    NotFoundError,
    WrongCurrentVersionError,
)

from tests.kurrent.log import MAX_APPEND, REMEMBERED
from tests.kurrent.server import Simulated

NO_STREAM, ANY, EXISTS = StreamState.NO_STREAM, StreamState.ANY, StreamState.EXISTS


@pytest.fixture
def client(server: Simulated) -> Iterator[KurrentDBClient]:
    client = KurrentDBClient(server.uri)
    yield client
    client.close()


def events(count: int) -> list[NewEvent]:
    return [NewEvent(type="Counted", data=b'{"n":%d}' % number) for number in range(count)]


@pytest.mark.parametrize("size", [1, 3])
def test_with_an_explicit_version_repeated_events_get_their_first_answer_however_late(client: KurrentDBClient, size: int) -> None:
    """The client uses Append for one event and BatchAppend for several."""
    new_events = events(size)
    first = client.append_to_stream("a", current_version=NO_STREAM, events=new_events[0] if size == 1 else new_events)
    for version in range(size - 1, size + REMEMBERED):
        client.append_to_stream("a", current_version=version, events=events(1)[0])
    assert client.append_to_stream("a", current_version=NO_STREAM, events=new_events[0] if size == 1 else new_events) == first
    assert len(client.get_stream("a")) == size + REMEMBERED + 1


def test_with_any_version_late_repetitions_are_written_twice(client: KurrentDBClient) -> None:
    """This is why the adapter never uses ANY."""
    new_events = events(1)
    first = client.append_to_stream("a", current_version=ANY, events=new_events)
    assert client.append_to_stream("a", current_version=ANY, events=new_events) == first
    client.append_to_stream("a", current_version=0, events=events(REMEMBERED))
    assert client.append_to_stream("a", current_version=ANY, events=new_events) > first
    assert [event.id for event in client.get_stream("a")].count(new_events[0].id) == 2


@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize(("version", "actual"), [(NO_STREAM, 1), (0, 1), (2, 1), (9, 1)])
def test_a_wrong_version_is_reported_with_the_actual_one(
    client: KurrentDBClient, size: int, version: int | StreamState, actual: int
) -> None:
    client.append_to_stream("a", current_version=NO_STREAM, events=events(2))
    with pytest.raises(WrongCurrentVersionError) as caught:
        client.append_to_stream("a", current_version=version, events=events(size) if size > 1 else events(1)[0])
    assert caught.value.actual_version == actual


@pytest.mark.parametrize("size", [1, 2])
def test_any_version_of_an_unknown_stream_is_wrong(client: KurrentDBClient, size: int) -> None:
    for version in (EXISTS, 0):
        with pytest.raises(WrongCurrentVersionError) as caught:
            client.append_to_stream("a", current_version=version, events=events(size) if size > 1 else events(1)[0])
        assert caught.value.actual_version == NO_STREAM


def test_a_stream_is_read_from_a_revision_and_from_its_end(client: KurrentDBClient) -> None:
    new_events = events(5)
    client.append_to_stream("a", current_version=NO_STREAM, events=new_events)
    assert [event.id for event in client.get_stream("a", stream_position=2, limit=2)] == [event.id for event in new_events[2:4]]
    assert [event.id for event in client.get_stream("a", backwards=True)] == [event.id for event in new_events[::-1]]
    assert client.get_stream("a", stream_position=5) == ()
    with pytest.raises(NotFoundError):
        client.get_stream("b")


def test_the_log_is_read_with_the_position_forwards_and_without_it_backwards(client: KurrentDBClient) -> None:
    new_events = events(5)
    positions = [client.append_to_stream(f"s{number}", current_version=NO_STREAM, events=event) for number, event in enumerate(new_events)]
    assert [event.commit_position for event in client.read_all(commit_position=positions[2])] == positions[2:]
    assert [event.commit_position for event in client.read_all(commit_position=positions[2], backwards=True)] == positions[1::-1]
    assert client.get_commit_position() == positions[-1]
    with pytest.raises(InvalidCommitPositionError):
        tuple(client.read_all(commit_position=positions[2] + 1))


def test_events_of_the_server_itself_are_read_only_without_a_filter(client: KurrentDBClient) -> None:
    for number in range(20):
        client.append_to_stream(f"s{number}", current_version=NO_STREAM, events=events(1))
    assert len(tuple(client.read_all())) == 20
    assert len(tuple(client.read_all(filter_exclude=()))) > 20
    assert [event.stream_name for event in client.read_all(filter_include=["s(1|2)"], filter_by_stream_name=True)] == ["s1", "s2"]
    assert len(tuple(client.read_all(filter_include=["s1"], filter_by_stream_name=True, filter_by_prefix=True))) == 11


def test_a_subscription_starts_after_its_position_catches_up_and_continues(client: KurrentDBClient) -> None:
    positions = [client.append_to_stream("a", current_version=version, events=events(1)) for version in (NO_STREAM, 0, 1)]
    with client.subscribe_to_all(commit_position=positions[0], include_caught_up=True, timeout=10) as subscription:
        assert [next(subscription).commit_position for _ in range(2)] == positions[1:]
        assert isinstance(next(subscription), CaughtUp)
        position = client.append_to_stream("a", current_version=2, events=events(1))
        assert next(subscription).commit_position == position


def test_a_filtered_subscription_sends_checkpoints(client: KurrentDBClient) -> None:
    client.append_to_stream("a", current_version=NO_STREAM, events=events(10))
    with client.subscribe_to_all(
        filter_include=["Nothing"], include_checkpoints=True, window_size=2, checkpoint_interval_multiplier=2, timeout=10
    ) as subscription:
        assert isinstance(next(subscription), Checkpoint)


def test_an_append_over_the_limit_writes_nothing(client: KurrentDBClient) -> None:
    half = NewEvent(type="Counted", data=b'"' + b"x" * (MAX_APPEND // 2) + b'"')
    with pytest.raises(MaximumAppendSizeExceededError):
        client.append_to_stream("a", current_version=NO_STREAM, events=[half, *events(1), NewEvent(type="Counted", data=half.data)])
    with pytest.raises(NotFoundError):
        client.get_stream("a")


def test_a_node_is_found_by_gossip(server: Simulated) -> None:
    with KurrentDBClient(server.uri.replace("kurrentdb:", "kurrentdb+discover:")) as client:
        assert client.append_to_stream("a", current_version=NO_STREAM, events=events(1)) == client.get_commit_position()
