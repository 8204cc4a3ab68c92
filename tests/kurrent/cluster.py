"""Simulated nodes of a cluster with one log: one leads, the others redirect their callers to it.

The nodes are simulated: this tests that the client finds the leader and that the adapter continues, but says nothing about replication
or elections.
"""

from collections.abc import Callable, Sequence
from typing import Any

import grpc

from tests.kurrent.log import Log
from tests.kurrent.security import refusing
from tests.kurrent.server import Call, Simulated


class OnlyTheLeader(grpc.ServerInterceptor):  # type: ignore[misc]  # gRPC ships no types
    """On nodes that do not lead: refuse every call but Gossip, with the address of the leader."""

    def __init__(self, cluster: "Cluster", number: int) -> None:
        self.cluster = cluster
        self.number = number

    def intercept_service(self, continuation: Callable[[Any], Any], call: Any) -> Any:
        handler = continuation(call)
        leads = self.cluster.leader == self.number
        return handler if leads or "Gossip" in call.method else refusing(handler, self.redirect)

    def redirect(self, call: Call) -> Any:
        leader = self.cluster.leader
        if leader is None:
            return call.abort(grpc.StatusCode.UNAVAILABLE, "Server Is Not Ready")
        port = self.cluster.nodes[leader].port
        call.set_trailing_metadata((("leader-endpoint-host", "localhost"), ("leader-endpoint-port", str(port))))
        return call.abort(grpc.StatusCode.NOT_FOUND, "Leader info available")


class Cluster:
    """`leader` is the number of a node, or None during an election."""

    def __init__(self, size: int = 3) -> None:
        self.log = Log()
        self.leader: int | None = 0
        self.nodes: list[Simulated] = []
        for number in range(size):
            self.nodes.append(Simulated(self.log, members=self.members, interceptors=(OnlyTheLeader(self, number),)))

    def members(self) -> Sequence[tuple[int, bool]]:
        return [(node.port, number == self.leader) for number, node in enumerate(self.nodes)]

    @property
    def uri(self) -> str:
        return f"kurrentdb://{','.join(f'localhost:{node.port}' for node in self.nodes)}?tls=false"

    def stop(self) -> None:
        for node in self.nodes:
            node.stop()
