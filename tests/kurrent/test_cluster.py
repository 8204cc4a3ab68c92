"""The client finds the leader of a cluster, and the next one when the leader changes.

The nodes are simulated: this tests that the client finds the leader and that the adapter continues, but says nothing about replication
or elections.
"""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.errors import Unavailable
from shared.store.kurrent.store import KurrentStore
from tests.contract.store.invariants import assert_log_invariants
from tests.contract.store.writing import all_events, append, numbered_batch
from tests.kurrent.cluster import Cluster

COMPOSE = Path(__file__).parent.parent / "docker-compose.kurrent.yml"


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    cluster = Cluster()
    yield cluster
    cluster.stop()


@pytest.fixture
def store(cluster: Cluster) -> Iterator[KurrentStore]:
    store = KurrentStore(cluster.uri)
    yield store
    store.close()


def test_every_call_continues_with_a_new_leader(cluster: Cluster, store: KurrentStore) -> None:
    first = store.append(numbered_batch(1, 0))
    cluster.leader = 1
    assert store.append(numbered_batch(1, 0)) == first
    cluster.leader = 2
    assert [event.streamversion for event in store.read_all(0)] == [1, 2, 3]
    cluster.leader = 0
    assert len(store.read_stream("worker-1")) == 3
    cluster.leader = 1
    assert store.head() == first.position
    cluster.leader = 2
    assert store.position_at(store.read_all(0)[-1].recordedtime) == first.position
    assert store.append(append("a")).version == 1


def test_an_append_unanswered_by_a_dead_leader_is_retried_on_the_next_one(cluster: Cluster, store: KurrentStore) -> None:
    store.append(numbered_batch(1, 0))
    cluster.leader = None
    cluster.nodes[0].stop()
    for call in (lambda: store.append(numbered_batch(1, 1)), lambda: store.read_all(0), store.head, lambda: KurrentStore(cluster.uri)):
        with pytest.raises(Unavailable):
            call()
    cluster.leader = 2
    assert store.append(numbered_batch(1, 1)).version == 6
    assert_log_invariants(all_events(store))
    later = KurrentStore(cluster.uri)
    assert all_events(later) == all_events(store)
    later.close()


def test_a_waiting_reader_is_woken_through_the_next_leader(cluster: Cluster, store: KurrentStore) -> None:
    store.append(append("a"))
    assert not store.wait(store.head(), 0.1)
    cluster.leader = 1
    cluster.nodes[0].stop()
    other = KurrentStore(cluster.uri)
    threading.Timer(0.2, lambda: other.append(append("b"))).start()
    assert store.wait(store.subscription.last_seen, 20)
    other.close()


def test_the_compose_file_gives_each_node_consistent_addresses() -> None:
    """The file repeats the addresses of the nodes in three places, and no container engine has executed it yet."""
    nodes: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"]
    assert len(nodes) == 3
    assert len({node["environment"]["KURRENTDB_ADVERTISE_NODE_PORT_TO_CLIENT_AS"] for node in nodes.values()}) == 3
    for name, node in nodes.items():
        environment = node["environment"]
        assert environment["KURRENTDB_CLUSTER_SIZE"] == "3"
        assert environment["KURRENTDB_GOSSIP_SEED"].split(",") == [f"{other}:2113" for other in nodes if other != name]
        assert environment["KURRENTDB_NODE_HOST_ADVERTISE_AS"] == environment["KURRENTDB_REPLICATION_HOST_ADVERTISE_AS"] == name
        assert node["ports"] == [f"127.0.0.1:{environment['KURRENTDB_ADVERTISE_NODE_PORT_TO_CLIENT_AS']}:2113"]
        assert not node["image"].endswith("latest")
