"""A gRPC server that speaks as KurrentDB does: Append, BatchAppend, Read (streams, all, subscriptions), Gossip.

Simulated: proves the client and the wire, nothing about durability. Its log is in memory and outlives a restart of the server only
because this object keeps it.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias
from uuid import uuid4

import grpc
from kurrentdbclient.protos.v1 import gossip_pb2, gossip_pb2_grpc, streams_pb2, streams_pb2_grpc

from tests.kurrent import wire
from tests.kurrent.log import InvalidPosition, Log, Record, TooMuch, WrongVersion
from tests.kurrent.security import Security

Call: TypeAlias = Any  # grpc.ServicerContext: gRPC ships no types
Members: TypeAlias = Callable[[], Sequence[tuple[int, bool]]]
THREADS = 64  # a subscription takes one
OPTIONS = (("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", 17 * 1024 * 1024))


class Streams(streams_pb2_grpc.StreamsServicer):
    def __init__(self, log: Log) -> None:
        self.log = log
        self.answering = threading.Event()  # cleared, the server takes calls and says nothing
        self.answering.set()
        self.subscriptions = 0
        self.stopped = False

    def Append(self, requests: Iterator[streams_pb2.AppendReq], call: Call) -> streams_pb2.AppendResp:  # noqa: N802
        options, *messages = requests
        events = [wire.proposed(message.proposed_message) for message in messages]
        self.answering.wait(60)
        if not events:  # the writer died between its first word and its event
            raise call.abort(grpc.StatusCode.CANCELLED, "The client reset the request stream.")
        try:
            stream = options.options.stream_identifier.stream_name.decode()
            return wire.appended(self.log.append(stream, wire.expected(options.options), events))
        except WrongVersion as wrong:
            return wire.wrong_version(wrong.current)
        except TooMuch:
            raise call.abort(grpc.StatusCode.INVALID_ARGUMENT, "Maximum Append Size Exceeded") from None

    def BatchAppend(self, requests: Iterator[streams_pb2.BatchAppendReq], call: Call) -> Iterator[streams_pb2.BatchAppendResp]:  # noqa: N802
        for request in requests:
            self.answering.wait(60)
            yield self.batch(request)

    def batch(self, request: streams_pb2.BatchAppendReq) -> streams_pb2.BatchAppendResp:
        events = [wire.proposed(message) for message in request.proposed_messages]
        try:
            stream = request.options.stream_identifier.stream_name.decode()
            return wire.batch_appended(request, self.log.append(stream, wire.expected_of_batch(request.options), events))
        except WrongVersion as wrong:
            return wire.batch_wrong_version(request, wrong.current)
        except TooMuch:
            return wire.batch_too_much(request)

    def Read(self, request: streams_pb2.ReadReq, call: Call) -> Iterator[streams_pb2.ReadResp]:  # noqa: N802
        self.answering.wait(60)
        options = request.options
        try:
            if options.WhichOneof("count_option") == "subscription":
                yield from self.subscription(options, call)
            elif options.WhichOneof("stream_option") == "stream":
                yield from self.stream(options)
            else:
                yield from map(wire.read, wire.limited(self.all(options), wire.wanted(options), options.count))
        except InvalidPosition:
            call.abort(grpc.StatusCode.UNKNOWN, "Unexpected FilteredReadAllResult: InvalidPosition")

    def stream(self, options: streams_pb2.ReadReq.Options) -> Iterator[streams_pb2.ReadResp]:
        name = options.stream.stream_identifier.stream_name
        held = self.log.streams.get(name.decode())
        if held is None:
            yield wire.not_found(name)
            return
        place = options.stream.revision if options.stream.WhichOneof("revision_option") == "revision" else None
        if options.read_direction == streams_pb2.ReadReq.Options.Forwards:
            records = held[place or 0 :]
        else:
            records = held[: len(held) if place is None else place + 1][::-1]
        yield from map(wire.read, records[: options.count])

    def all(self, options: streams_pb2.ReadReq.Options) -> Any:
        """From the record at the position itself forwards, from the one before it backwards."""
        place = options.all.position.commit_position
        given = options.all.WhichOneof("all_option") == "position"
        if options.read_direction == streams_pb2.ReadReq.Options.Forwards:
            return self.log.forwards(self.log.index(place) if given else 0)
        return self.log.backwards(self.log.index(place) if given else len(self.log.records))

    def subscription(self, options: streams_pb2.ReadReq.Options, call: Call) -> Iterator[streams_pb2.ReadResp]:
        """Behind the position, which is left out; a checkpoint after so many records as the filter says, wanted or not."""
        match options.all.WhichOneof("all_option"):
            case "position":
                index = self.log.index(options.all.position.commit_position) + 1
            case "end":
                index = len(self.log.records)
            case _:
                index = 0
        yield wire.confirmation(str(uuid4()))
        self.subscriptions += 1
        wants, live = wire.wanted(options), False
        interval = options.filter.max * options.filter.checkpointIntervalMultiplier or 1_000
        while call.is_active() and not self.stopped:
            if not self.log.wait(index, 0 if not live else 0.2):
                if not live:
                    live = True
                    yield wire.caught_up()
                continue
            record: Record = self.log.records[index]
            index += 1
            if wants(record):
                yield wire.read(record)
            if index % interval == 0:
                yield wire.checkpoint(record)


class Gossip(gossip_pb2_grpc.GossipServicer):
    """Who is there, by port, and whether it leads."""

    def __init__(self, members: Members) -> None:
        self.members = members

    def Read(self, request: object, call: Call) -> gossip_pb2.ClusterInfo:  # noqa: N802
        return gossip_pb2.ClusterInfo(members=[member(port, leads) for port, leads in self.members()])


def member(port: int, leads: bool) -> gossip_pb2.MemberInfo:
    states = gossip_pb2.MemberInfo.VNodeState
    place = gossip_pb2.EndPoint(address="localhost", port=port)
    return gossip_pb2.MemberInfo(state=states.Leader if leads else states.Follower, is_alive=True, http_end_point=place)


class Simulated:
    """A node on a free port: a cluster of one, which leads, unless it is told otherwise."""

    def __init__(
        self,
        log: Log | None = None,
        security: Security | None = None,
        streams: type[Streams] = Streams,
        members: Members | None = None,
        guards: Sequence[grpc.ServerInterceptor] = (),
    ) -> None:
        self.log = log or Log()
        self.security = security
        self.kind = streams
        self.members = members or (lambda: [(self.port, True)])
        self.guards = (*guards, security.guard) if security else tuple(guards)
        self.port = 0
        self.start()

    def start(self) -> None:
        """On the same port as before, if it ran before."""
        self.server = grpc.server(ThreadPoolExecutor(THREADS), interceptors=self.guards, options=OPTIONS)
        address = f"127.0.0.1:{self.port}"  # not by name: ::1 and 127.0.0.1 could be given two ports
        bound = self.server.add_secure_port(address, self.security.server) if self.security else self.server.add_insecure_port(address)
        self.port = bound
        self.streams = self.kind(self.log)
        streams_pb2_grpc.add_StreamsServicer_to_server(self.streams, self.server)  # type: ignore[no-untyped-call]
        gossip_pb2_grpc.add_GossipServicer_to_server(Gossip(self.members), self.server)  # type: ignore[no-untyped-call]
        self.server.start()

    @property
    def uri(self) -> str:
        if self.security:
            return f"kurrentdb://{self.security.user}:{self.security.password}@localhost:{self.port}?tlsCaFile={self.security.authority}"
        return f"kurrentdb://localhost:{self.port}?tls=false"

    def stop(self) -> None:
        self.streams.stopped = True
        self.streams.answering.set()
        self.server.stop(0).wait(10)

    def restart(self) -> None:
        self.stop()
        self.start()
