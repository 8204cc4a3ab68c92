"""Requests and answers of the simulated server as protobuf messages, with the modules that the client ships.

The server is simulated: this tests the client and the protocol, but says nothing about durability.
"""

import re
from collections.abc import Callable, Iterable

from google.protobuf import any_pb2
from google.protobuf.message import Message
from kurrentdbclient.protos.google.rpc import code_pb2
from kurrentdbclient.protos.v1 import shared_pb2, status_pb2, streams_pb2

from tests.kurrent.log import ANY, EXISTS, MAX_APPEND, NO_STREAM, Proposed, Record

EventFilter = Callable[[Record], bool]


def proposed(message: streams_pb2.AppendReq.ProposedMessage | streams_pb2.BatchAppendReq.ProposedMessage) -> Proposed:
    fields = message.metadata
    return Proposed(message.id.string, fields["type"], fields["content-type"], message.data, message.custom_metadata)


def expected(options: streams_pb2.AppendReq.Options) -> int:
    named = {"no_stream": NO_STREAM, "any": ANY, "stream_exists": EXISTS}
    return named.get(options.WhichOneof("expected_stream_revision") or "any", options.revision)


def expected_of_batch(options: streams_pb2.BatchAppendReq.Options) -> int:
    named = {"no_stream": NO_STREAM, "any": ANY, "stream_exists": EXISTS}
    return named.get(options.WhichOneof("expected_stream_position") or "any", options.stream_position)


def appended(record: Record) -> streams_pb2.AppendResp:
    position = streams_pb2.AppendResp.Position(commit_position=record.position, prepare_position=record.position)
    return streams_pb2.AppendResp(success=streams_pb2.AppendResp.Success(current_revision=record.revision, position=position))


def wrong_version(current: int) -> streams_pb2.AppendResp:
    wrong = streams_pb2.AppendResp.WrongExpectedVersion()
    if current == NO_STREAM:
        wrong.current_no_stream.SetInParent()
    else:
        wrong.current_revision = current
    return streams_pb2.AppendResp(wrong_expected_version=wrong)


def batch_appended(request: streams_pb2.BatchAppendReq, record: Record) -> streams_pb2.BatchAppendResp:
    position = shared_pb2.AllStreamPosition(commit_position=record.position, prepare_position=record.position)
    success = streams_pb2.BatchAppendResp.Success(current_revision=record.revision, position=position)
    return streams_pb2.BatchAppendResp(correlation_id=request.correlation_id, success=success)


def batch_wrong_version(request: streams_pb2.BatchAppendReq, current: int) -> streams_pb2.BatchAppendResp:
    wrong = shared_pb2.WrongExpectedVersion()
    if current == NO_STREAM:
        wrong.current_no_stream.SetInParent()
    else:
        wrong.current_stream_revision = current
    return batch_error(request, "WrongExpectedVersion", wrong)


def batch_too_much(request: streams_pb2.BatchAppendReq) -> streams_pb2.BatchAppendResp:
    return batch_error(request, "Maximum Append Size Exceeded", shared_pb2.MaximumAppendSizeExceeded(maxAppendSize=MAX_APPEND))


def batch_error(request: streams_pb2.BatchAppendReq, message: str, detail: Message) -> streams_pb2.BatchAppendResp:
    details = any_pb2.Any()
    details.Pack(detail)
    status = status_pb2.Status(code=code_pb2.Code.UNKNOWN, message=message, details=details)
    return streams_pb2.BatchAppendResp(correlation_id=request.correlation_id, error=status)


def read(record: Record) -> streams_pb2.ReadResp:
    event = streams_pb2.ReadResp.ReadEvent.RecordedEvent(
        id=shared_pb2.UUID(string=record.event.id),
        stream_identifier=shared_pb2.StreamIdentifier(stream_name=record.stream.encode()),
        stream_revision=record.revision,
        prepare_position=record.position,
        commit_position=record.position,
        metadata={"type": record.event.type, "content-type": record.event.content_type, "created": str(record.created)},
        custom_metadata=record.event.metadata,
        data=record.event.data,
    )
    return streams_pb2.ReadResp(event=streams_pb2.ReadResp.ReadEvent(event=event, commit_position=record.position))


def not_found(stream: bytes) -> streams_pb2.ReadResp:
    name = shared_pb2.StreamIdentifier(stream_name=stream)
    return streams_pb2.ReadResp(stream_not_found=streams_pb2.ReadResp.StreamNotFound(stream_identifier=name))


def confirmation(number: str) -> streams_pb2.ReadResp:
    return streams_pb2.ReadResp(confirmation=streams_pb2.ReadResp.SubscriptionConfirmation(subscription_id=number))


def checkpoint(record: Record) -> streams_pb2.ReadResp:
    position = streams_pb2.ReadResp.Checkpoint(commit_position=record.position, prepare_position=record.position)
    return streams_pb2.ReadResp(checkpoint=position)


def caught_up() -> streams_pb2.ReadResp:
    return streams_pb2.ReadResp(caught_up=streams_pb2.ReadResp.CaughtUp())


def event_filter(options: streams_pb2.ReadReq.Options) -> EventFilter:
    """Return the filter of a read request as a predicate."""
    if options.WhichOneof("filter_option") != "filter":
        return lambda record: True
    filtered = options.filter
    by_stream = filtered.WhichOneof("filter") == "stream_identifier"
    expression = filtered.stream_identifier if by_stream else filtered.event_type
    pattern, prefixes = re.compile(expression.regex), tuple(expression.prefix)

    def matches(record: Record) -> bool:
        name = record.stream if by_stream else record.event.type
        return name.startswith(prefixes) if prefixes else bool(pattern.search(name))

    return matches


def limited(records: Iterable[Record], matches: EventFilter, count: int) -> Iterable[Record]:
    for record in records:
        if count <= 0:
            return
        if matches(record):
            count -= 1
            yield record
