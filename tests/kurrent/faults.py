"""Servers that break one promise each. The contract suite must fail on each of them; otherwise it does not test that promise.

The server is simulated: this tests the client and the protocol, but says nothing about durability.
"""

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

from kurrentdbclient.protos.v1 import streams_pb2

from tests.kurrent import wire
from tests.kurrent.log import ANY, Log, Proposed, Record, WrongVersion
from tests.kurrent.server import Call, Streams

Options = streams_pb2.ReadReq.Options


class AcceptsAWrongVersion(Log):
    def earlier(self, stream: str, expected: int, events: Sequence[Proposed]) -> Record | None:
        try:
            return super().earlier(stream, expected, events)
        except WrongVersion:
            return None


class ForgetsIdempotency(Log):
    def earlier(self, stream: str, expected: int, events: Sequence[Proposed]) -> Record | None:
        earlier = super().earlier(stream, expected, events)
        if earlier is not None:
            raise WrongVersion(len(self.streams[stream]) - 1)
        return None


class WritesRepeatedEventsAgain(Log):
    """As with ANY, when the repetition comes late."""

    def earlier(self, stream: str, expected: int, events: Sequence[Proposed]) -> Record | None:
        super().earlier(stream, expected, events)
        return None


class WritesPartOfARefusedAppend(Log):
    def earlier(self, stream: str, expected: int, events: Sequence[Proposed]) -> Record | None:
        try:
            return super().earlier(stream, expected, events)
        except WrongVersion:
            self.write(stream, events[:1])
            raise


class ComparesWithRecentEventsOnly(Log):
    """As with ANY: the version is ignored, and events that were not written recently are written again."""

    def earlier(self, stream: str, expected: int, events: Sequence[Proposed]) -> Record | None:
        return super().earlier(stream, ANY, events)


class WritesPartOfAnAppend(Log):
    def append(self, stream: str, expected: int, events: Sequence[Proposed]) -> Record:
        return super().append(stream, expected, events[:1])


class ReturnsAnotherPosition(Log):
    """The position in the answer is not that of the last event."""

    def append(self, stream: str, expected: int, events: Sequence[Proposed]) -> Record:
        record = super().append(stream, expected, events)
        return record._replace(position=record.position + 1)


class ReportsAnotherVersion(Log):
    def earlier(self, stream: str, expected: int, events: Sequence[Proposed]) -> Record | None:
        try:
            return super().earlier(stream, expected, events)
        except WrongVersion as wrong:
            raise WrongVersion(wrong.current + 1) from wrong


class AcceptsAppendsOfAnySize(Log):
    limit = 1024**3


class RemembersAllEvents(Log):
    """With this server ANY would be as good as a version: it would hide why the adapter never uses ANY."""

    remembered = 1_000_000


class HasAClockThatGoesBackwards(Log):
    def __init__(self) -> None:
        times = count(2_000_000_000_000_000_000, -1_000_000)
        super().__init__(lambda: next(times))


class SkipsAnEvent(Streams):
    def all(self, options: Options) -> Any:
        records = super().all(options)
        return [record for record in records if record.revision != 3 or record.stream.startswith("$")]


class RepeatsAPage(Streams):
    """The first events of a page are repeated."""

    def all(self, options: Options) -> Any:
        records = list(super().all(options))
        if options.all.WhichOneof("all_option") == "position" and options.read_direction == Options.Forwards:
            return [*records[:1], *records[1:4], *records[1:]]
        return records


class ChangesTheOrder(Streams):
    def all(self, options: Options) -> Any:
        records = list(super().all(options))
        if options.read_direction == Options.Forwards:
            records[1:3] = records[1:3][::-1]
        return records


class HidesTheLastEvent(Streams):
    """As a replica that lags behind: the last event is not visible yet."""

    def all(self, options: Options) -> Any:
        records = list(super().all(options))
        return records[:-1] if options.read_direction == Options.Forwards else records[1:]


class StartsAfterThePosition(Streams):
    def all(self, options: Options) -> Any:
        records = super().all(options)
        has_position = options.all.WhichOneof("all_option") == "position"
        return records[1:] if has_position and options.read_direction == Options.Forwards else records


class StartsStreamsTooLate(Streams):
    def stream(self, options: Options) -> Iterator[streams_pb2.ReadResp]:
        options.stream.revision += 1
        return super().stream(options)


class IgnoresFilters(Streams):
    """Readers get the events of the server itself, and events where only a checkpoint should come."""

    def Read(self, request: streams_pb2.ReadReq, call: Call) -> Iterator[streams_pb2.ReadResp]:  # noqa: N802  (the name in the protocol)
        request.options.no_filter.SetInParent()
        return super().Read(request, call)


class SendsNothingToSubscribers(Streams):
    def subscription(self, options: Options, call: Call) -> Iterator[streams_pb2.ReadResp]:
        return (answer for answer in super().subscription(options, call) if answer.WhichOneof("content") == "confirmation")


class SubscribesFromThePosition(Streams):
    def subscription(self, options: Options, call: Call) -> Iterator[streams_pb2.ReadResp]:
        record = self.log.records[self.log.index(options.all.position.commit_position)]
        for answer in super().subscription(options, call):
            yield answer
            if answer.WhichOneof("content") == "confirmation":
                yield wire.read(record)


class NeverCatchesUp(Streams):
    """Repeat the last event instead of announcing that there are no more."""

    def subscription(self, options: Options, call: Call) -> Iterator[streams_pb2.ReadResp]:
        last = None
        for answer in super().subscription(options, call):
            yield last if last and answer.WhichOneof("content") == "caught_up" else answer
            last = answer
