"""Calls to KurrentDB: each has a time limit, and raises the errors of shared/errors.py.

Retries. kurrentdbclient makes each call twice before it raises, and reconnects in between if the node is gone or is no longer the
leader. That is safe for appends, because their events have ids and the expected version is explicit; it also means that a call may take
twice its time limit. It does not retry while the events of a response stream in, so `read_page` does that here.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

# gRPC imports these modules when it first needs them. In a process patched by eventlet that import would hang, so it is done here.
from grpc import _auth, _channel, _plugin_wrapping  # noqa: F401  (imported for the reason above, not used)
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

from shared.address import Address
from shared.errors import Conflict, Misconfigured, TooLarge, Unavailable, UnknownPosition
from shared.message import START, Position
from shared.store.port import LAST_POSITION, NO_STREAM, Append, Appended

CALL_TIMEOUT_S = 5.0  # for a single answer
PAGE_TIMEOUT_S = 30.0  # for a page of events
UNAVAILABLE_ERRORS = (
    GrpcError,
    DeadlineExceededError,
    AbortedByServerError,
    DiscoveryFailedError,
    FailedPreconditionError,
    UnauthenticatedError,
    UnknownError,
)
CONNECTION_ERRORS = (ServiceUnavailableError, NodeIsNotLeaderError, CancelledError)  # a new connection may succeed

# By default all channels of a process share one backoff after a failed connection, up to two minutes. With these options each new
# channel really tries to connect, and soon.
RECONNECT_OPTIONS = (
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
)


class ReconnectingClient(KurrentDBClient):
    """The client with two changes: it reconnects at once, and the call that it makes itself when it reconnects has a time limit."""

    def _construct_grpc_channel(self, grpc_target: str, grpc_options: GrpcOptions = ()) -> Any:
        return super()._construct_grpc_channel(grpc_target, grpc_options + RECONNECT_OPTIONS)

    def _get_commit_position(self, *, timeout: float | None = None, **options: Any) -> int:
        return super()._get_commit_position(timeout=timeout or CALL_TIMEOUT_S, **options)


class KurrentClient:
    """The calls that the log needs, in its own terms. All of them raise Unavailable when the server cannot be reached in time.

    Versions start at 1 in the log and at 0 in KurrentDB. Positions are commit positions in both. Events that the server itself writes
    (types beginning with `$`) are left out by the client's own filter.
    """

    def __init__(self, uri: Address | str) -> None:
        address = Address(uri)
        try:
            with raises_unavailable():
                self.client = ReconnectingClient(address.reveal())
        except ValueError as fault:  # an option that means nothing, or one that is missing
            raise Misconfigured(address.conceal(f"KurrentDB: {fault}")) from None

    def append(self, append: Append, events: Sequence[NewEvent]) -> Appended | Conflict:
        """Append `events`, which are those of `append`, in one commit. Raises TooLarge over the server's MaxAppendSize."""
        version = StreamState.NO_STREAM if append.expected == NO_STREAM else append.expected - 1
        one_or_many = events[0] if len(events) == 1 else events
        try:
            with raises_unavailable():
                position = self.client.append_to_stream(append.stream, current_version=version, events=one_or_many, timeout=CALL_TIMEOUT_S)
        except WrongCurrentVersionError as fault:
            actual = fault.actual_version
            return Conflict(append.stream, append.expected, actual + 1 if isinstance(actual, int) else NO_STREAM)
        except MaximumAppendSizeExceededError as fault:
            raise TooLarge(f"{len(events)} events for {append.stream} at once: {fault}") from fault
        return Appended(position, append.expected + len(events))

    def read_stream(self, stream: str, after: int) -> Sequence[RecordedEvent]:
        """Return the events after a version. Since the server counts from 0, its first event to read has the number `after`."""
        try:
            with raises_unavailable():
                return self.client.get_stream(stream, stream_position=after, timeout=PAGE_TIMEOUT_S)
        except NotFoundError:
            return ()

    def read_forwards(self, after: Position, limit: int) -> Sequence[RecordedEvent]:
        """Return at most `limit` events after a position.

        The server starts with the event at the position itself. So one more is requested; the first must be at `after`, which proves
        that the position belongs to this log.

        Raises:
            UnknownPosition: no event is at `after`, and it is not beyond the head.
        """
        if limit <= 0 or after > LAST_POSITION:
            return ()
        if after == START:
            return self.read_page(limit=limit)
        try:
            events = self.read_page(commit_position=after, limit=limit + 1)
        except InvalidCommitPositionError:
            events = ()
        if events and events[0].commit_position == after:
            return events[1:]
        if after > self.head():
            return ()
        raise UnknownPosition(after)

    def read_at(self, position: Position) -> RecordedEvent | None:
        """Return the event at a position, None if there is none."""
        if not START < position <= LAST_POSITION:
            return None
        try:
            event = next(iter(self.read_page(commit_position=position, limit=1)), None)
        except InvalidCommitPositionError:
            return None
        return event if event and event.commit_position == position else None

    def read_backwards(self, before: Position | None, limit: int) -> Sequence[RecordedEvent]:
        """Return at most `limit` events before a position, or before the end of the log if it is None; the latest first."""
        return self.read_page(commit_position=before, limit=limit, backwards=True)

    def last_event(self) -> RecordedEvent | None:
        return next(iter(self.read_backwards(None, 1)), None)

    def head(self) -> Position:
        with raises_unavailable():
            return self.client.get_commit_position(timeout=CALL_TIMEOUT_S)

    def read_page(self, **options: Any) -> Sequence[RecordedEvent]:
        """Read events of the whole log; once more, on a new connection, if the connection breaks."""
        with raises_unavailable():
            try:
                return self.read_page_once(**options)
            except CONNECTION_ERRORS:
                self.client.get_commit_position(timeout=CALL_TIMEOUT_S)  # makes the client reconnect
                return self.read_page_once(**options)

    def read_page_once(self, **options: Any) -> Sequence[RecordedEvent]:
        with self.client.read_all(timeout=PAGE_TIMEOUT_S, **options) as events:
            return tuple(events)

    def subscribe(self, after: Position, seconds: float) -> AbstractCatchupSubscription:
        """Subscribe to the events after a position. The subscription raises an error of the client when its time is over."""
        return self.client.subscribe_to_all(commit_position=after or None, timeout=seconds)

    def close(self) -> None:
        self.client.close()


def ask_log(address: Address) -> None:
    """Ask a server whether it takes us.

    Raises:
        Misconfigured: it does not accept the user, or the address is none of KurrentDB.
        Unavailable: it is away.
    """
    client = KurrentClient(address)
    try:
        client.head()
    except Unavailable as fault:
        if isinstance(fault.__cause__, UnauthenticatedError):
            raise Misconfigured("KurrentDB does not accept this user with this password.") from None
        raise
    finally:
        client.close()


@contextmanager
def raises_unavailable() -> Iterator[None]:
    """Raise Unavailable for the client's errors that say that the server cannot be used now."""
    try:
        yield
    except UNAVAILABLE_ERRORS as fault:
        raise Unavailable(f"KurrentDB: {type(fault).__name__} {fault}") from fault
