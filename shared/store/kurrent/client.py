"""Calls to KurrentDB: each has a deadline, and each fault comes out under a name of ours.

The client makes a call twice before it gives up, and connects anew in between when the node was gone or is no longer the leader. That
is safe for appends, whose events have ids and versions; and it means that a call takes up to twice its deadline.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

# gRPC imports these when they are first needed. In a process with green threads that is too late: it would hang.
from grpc import _auth, _channel, _plugin_wrapping  # noqa: F401
from kurrentdbclient import KurrentDBClient, NewEvent, RecordedEvent, StreamState
from kurrentdbclient.common import AbstractCatchupSubscription, GrpcOptions
from kurrentdbclient.exceptions import (
    AbortedByServerError,
    CancelledError,
    DeadlineExceededError,
    DiscoveryFailedError,
    FailedPreconditionError,
    GrpcError,
    InvalidCommitPositionError,
    MaximumAppendSizeExceededError,
    NodeIsNotLeaderError,
    NotFoundError,
    ServiceUnavailableError,
    UnauthenticatedError,
    UnknownError,
    WrongCurrentVersionError,
)

from shared.errors import Conflict, TooLarge, Unavailable, UnknownPosition
from shared.message import START, Position
from shared.store.port import LAST_POSITION, NO_STREAM, Append, Appended

CALL, PAGE = 5.0, 30.0  # seconds for a single answer, and for a page of events
AWAY = (
    GrpcError,
    DeadlineExceededError,
    AbortedByServerError,
    DiscoveryFailedError,
    FailedPreconditionError,
    UnauthenticatedError,
    UnknownError,
)
LOST = (ServiceUnavailableError, NodeIsNotLeaderError, CancelledError)  # another connection may do better


# A new connection is really tried: otherwise the channels of a process share the pause after a failed attempt, up to two minutes.
RECONNECT = (("grpc.use_local_subchannel_pool", 1), ("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 2_000))


class Client(KurrentDBClient):
    """As it is, but that it connects again at once, and does not wait for ever for the call that it then makes by itself."""

    def _construct_grpc_channel(self, grpc_target: str, grpc_options: GrpcOptions = ()) -> Any:
        return super()._construct_grpc_channel(grpc_target, grpc_options + RECONNECT)

    def _get_commit_position(self, *, timeout: float | None = None, **asked: Any) -> int:
        return super()._get_commit_position(timeout=timeout or CALL, **asked)


class KurrentClient:
    def __init__(self, uri: str) -> None:
        with reachable():
            self.client = Client(uri)

    def append(self, append: Append, events: Sequence[NewEvent]) -> Appended | Conflict:
        version = StreamState.NO_STREAM if append.expected == NO_STREAM else append.expected - 1
        one = events[0] if len(events) == 1 else events
        try:
            with reachable():
                position = self.client.append_to_stream(append.stream, current_version=version, events=one, timeout=CALL)
        except WrongCurrentVersionError as fault:
            actual = fault.actual_version
            return Conflict(append.stream, append.expected, actual + 1 if isinstance(actual, int) else NO_STREAM)
        except MaximumAppendSizeExceededError as fault:
            raise TooLarge(f"{len(events)} events for {append.stream} at once: {fault}") from fault
        return Appended(position, append.expected + len(events))

    def stream(self, stream: str, after: int) -> Sequence[RecordedEvent]:
        """The first event of a stream, whose version is 1 in the port, is at 0 here."""
        try:
            with reachable():
                return self.client.get_stream(stream, stream_position=after, timeout=PAGE)
        except NotFoundError:
            return ()

    def forwards(self, after: Position, limit: int) -> Sequence[RecordedEvent]:
        """The server begins with the event at `after` itself: one more is asked for, and the first is a proof of the place."""
        if limit <= 0 or after > LAST_POSITION:
            return ()
        if after == START:
            return self.page(limit=limit)
        try:
            found = self.page(commit_position=after, limit=limit + 1)
        except InvalidCommitPositionError:
            found = ()
        if found and found[0].commit_position == after:
            return found[1:]
        if after > self.head():
            return ()
        raise UnknownPosition(after)

    def at(self, position: Position) -> RecordedEvent | None:
        if not START < position <= LAST_POSITION:
            return None
        try:
            found = next(iter(self.page(commit_position=position, limit=1)), None)
        except InvalidCommitPositionError:
            return None
        return found if found and found.commit_position == position else None

    def backwards(self, before: Position | None, limit: int) -> Sequence[RecordedEvent]:
        """From the event before this position, or from the last; the latest first."""
        return self.page(commit_position=before, limit=limit, backwards=True)

    def last(self) -> RecordedEvent | None:
        return next(iter(self.backwards(None, 1)), None)

    def head(self) -> Position:
        with reachable():
            return self.client.get_commit_position(timeout=CALL)

    def page(self, **asked: Any) -> Sequence[RecordedEvent]:
        """What the server itself writes (types in `$…`) is left out by the client's own filter."""
        with reachable():
            try:
                return self.pulled(**asked)
            except LOST:
                self.client.get_commit_position(timeout=CALL)  # the client connects anew here, and would not while events stream
                return self.pulled(**asked)

    def pulled(self, **asked: Any) -> Sequence[RecordedEvent]:
        with self.client.read_all(timeout=PAGE, **asked) as events:
            return tuple(events)

    def follow(self, after: Position, seconds: float) -> AbstractCatchupSubscription:
        """The events behind `after`, as they come; it ends with a fault when the seconds are over."""
        return self.client.subscribe_to_all(commit_position=after or None, timeout=seconds)

    def close(self) -> None:
        self.client.close()


@contextmanager
def reachable() -> Iterator[None]:
    try:
        yield
    except AWAY as fault:
        raise Unavailable(f"KurrentDB: {type(fault).__name__} {fault}") from fault
