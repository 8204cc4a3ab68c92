"""A gRPC server with the calls of KurrentDB that we use: Append, BatchAppend, Read (streams, all, subscriptions), Gossip.

The server is simulated: this tests the client and the protocol, but says nothing about durability. Its log is in memory; it
survives a restart of the server only because the `Simulated` object keeps it.
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
THREADS = 64  # each subscription occupies one
OPTIONS = (("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", 17 * 1024 * 1024))


class Streams(streams_pb2_grpc.StreamsServicer):
    def __init__(self, log: Log) -> None:
        self.log = log
        self.answering = threading.Event()  # while it is cleared, the server accepts calls but does not answer
        self.answering.set()
        self.subscriptions = 0
        self.stopped = False

    def Append(self, requests: Iterator[streams_pb2.AppendReq], call: Call) -> streams_pb2.AppendResp:  # noqa: N802  (the name in the protocol)
        options, *messages = requests
        events = [wire.proposed(message.proposed_message) for message in messages]
        self.answering.wait(60)
        if not events:  # the client died before it sent an event
            raise call.abort(grpc.StatusCode.CANCELLED, "The client reset the request stream.")
        try:
            stream = options.options.stream_identifier.stream_name.decode()
            return wire.appended(self.log.append(stream, wire.expected(options.options), events))
        except WrongVersion as wrong:
            return wire.wrong_version(wrong.current)
        except TooMuch:
            raise call.abort(grpc.StatusCode.INVALID_ARGUMENT, "Maximum Append Size Exceeded") from None

    def BatchAppend(self, requests: Iterator[streams_pb2.BatchAppendReq], call: Call) -> Iterator[streams_pb2.BatchAppendResp]:  # noqa: N802  (the name in the protocol)
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

    def Read(self, request: streams_pb2.ReadReq, call: Call) -> Iterator[streams_pb2.ReadResp]:  # noqa: N802  (the name in the protocol)
        self.answering.wait(60)
        options = request.options
        try:
            if options.WhichOneof("count_option") == "subscription":
                yield from self.subscription(options, call)
            elif options.WhichOneof("stream_option") == "stream":
                yield from self.stream(options)
            else:
                yield from map(wire.read, wire.limited(self.all(options), wire.event_filter(options), options.count))
        except InvalidPosition:
            call.abort(grpc.StatusCode.UNKNOWN, "Unexpected FilteredReadAllResult: InvalidPosition")

    def stream(self, options: streams_pb2.ReadReq.Options) -> Iterator[streams_pb2.ReadResp]:
        name = options.stream.stream_identifier.stream_name
        events = self.log.streams.get(name.decode())
        if events is None:
            yield wire.not_found(name)
            return
        revision = options.stream.revision if options.stream.WhichOneof("revision_option") == "revision" else None
        if options.read_direction == streams_pb2.ReadReq.Options.Forwards:
            records = events[revision or 0 :]
        else:
            records = events[: len(events) if revision is None else revision + 1][::-1]
        yield from map(wire.read, records[: options.count])

    def all(self, options: streams_pb2.ReadReq.Options) -> Any:
        """Return records: forwards from the one at the position, backwards from the one before it."""
        position = options.all.position.commit_position
        has_position = options.all.WhichOneof("all_option") == "position"
        if options.read_direction == streams_pb2.ReadReq.Options.Forwards:
            return self.log.forwards(self.log.index(position) if has_position else 0)
        return self.log.backwards(self.log.index(position) if has_position else len(self.log.records))

    def subscription(self, options: streams_pb2.ReadReq.Options, call: Call) -> Iterator[streams_pb2.ReadResp]:
        """Send the records after the position, and a checkpoint at the interval that the filter sets, counting all records."""
        match options.all.WhichOneof("all_option"):
            case "position":
                index = self.log.index(options.all.position.commit_position) + 1
            case "end":
                index = len(self.log.records)
            case _:
                index = 0
        yield wire.confirmation(str(uuid4()))
        self.subscriptions += 1
        matches, live = wire.event_filter(options), False
        interval = options.filter.max * options.filter.checkpointIntervalMultiplier or 1_000
        while call.is_active() and not self.stopped:
            if not self.log.wait(index, 0 if not live else 0.2):
                if not live:
                    live = True
                    yield wire.caught_up()
                continue
            record: Record = self.log.records[index]
            index += 1
            if matches(record):
                yield wire.read(record)
            if index % interval == 0:
                yield wire.checkpoint(record)


class Gossip(gossip_pb2_grpc.GossipServicer):
    """Answer with the members of the cluster: their ports, and which one leads."""

    def __init__(self, members: Members) -> None:
        self.members = members

    def Read(self, request: object, call: Call) -> gossip_pb2.ClusterInfo:  # noqa: N802  (the name in the protocol)
        return gossip_pb2.ClusterInfo(members=[member(port, leads) for port, leads in self.members()])


def member(port: int, leads: bool) -> gossip_pb2.MemberInfo:
    states = gossip_pb2.MemberInfo.VNodeState
    endpoint = gossip_pb2.EndPoint(address="localhost", port=port)
    return gossip_pb2.MemberInfo(state=states.Leader if leads else states.Follower, is_alive=True, http_end_point=endpoint)


class Simulated:
    """A node on a free port. By default it is the leader of a cluster of one."""

    def __init__(
        self,
        log: Log | None = None,
        security: Security | None = None,
        streams: type[Streams] = Streams,
        members: Members | None = None,
        interceptors: Sequence[grpc.ServerInterceptor] = (),
    ) -> None:
        self.log = log or Log()
        self.security = security
        self.streams_class = streams
        self.members = members or (lambda: [(self.port, True)])
        self.interceptors = (*interceptors, security.interceptor) if security else tuple(interceptors)
        self.port = 0
        self.start()

    def start(self) -> None:
        """Start the server, on the same port as before if it ran before."""
        self.server = grpc.server(ThreadPoolExecutor(THREADS), interceptors=self.interceptors, options=OPTIONS)
        address = f"127.0.0.1:{self.port}"  # not by name: ::1 and 127.0.0.1 could be given two ports
        bound = self.server.add_secure_port(address, self.security.server) if self.security else self.server.add_insecure_port(address)
        self.port = bound
        self.streams = self.streams_class(self.log)
        streams_pb2_grpc.add_StreamsServicer_to_server(self.streams, self.server)  # type: ignore[no-untyped-call]  # generated code
        gossip_pb2_grpc.add_GossipServicer_to_server(Gossip(self.members), self.server)  # type: ignore[no-untyped-call]  # generated code
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
