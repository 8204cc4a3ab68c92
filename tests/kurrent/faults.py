"""Servers that break one promise each: what the contract suite must notice, or it proves nothing.

Simulated: proves the client and the wire, nothing about durability.
"""

from collections.abc import Sequence
from itertools import count
from typing import Any

from kurrentdbclient.protos.v1 import streams_pb2

from tests.kurrent.log import Log, Proposed, Record, WrongVersion
from tests.kurrent.server import Streams

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
    """As ANY does when the events come late."""

    def earlier(self, stream: str, expected: int, events: Sequence[Proposed]) -> Record | None:
        super().earlier(stream, expected, events)
        return None


class KeepsHalfOfWhatItRefuses(Log):
    def earlier(self, stream: str, expected: int, events: Sequence[Proposed]) -> Record | None:
        try:
            return super().earlier(stream, expected, events)
        except WrongVersion:
            self.write(stream, events[:1])
            raise


class HasAClockThatRunsBackwards(Log):
    def __init__(self) -> None:
        times = count(2_000_000_000_000_000_000, -1_000_000)
        super().__init__(lambda: next(times))


class SkipsAnEvent(Streams):
    def all(self, options: Options) -> Any:
        records = super().all(options)
        return [record for record in records if record.revision != 3 or record.stream.startswith("$")]


class RepeatsAPage(Streams):
    """The first events of a page come twice."""

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


class ForgetsTheEnd(Streams):
    """A reader that lags behind: what was written last is not to be seen yet."""

    def all(self, options: Options) -> Any:
        records = list(super().all(options))
        return records[:-1] if options.read_direction == Options.Forwards else records[1:]
