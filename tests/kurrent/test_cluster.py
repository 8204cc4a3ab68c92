"""The leader of a cluster is found, and found again when another leads.

Simulated: proves that the client finds the leader and that the adapter goes on, nothing about replication or elections.
"""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.errors import Unavailable
from shared.store.kurrent.store import KurrentStore
from tests.contract.store.whole import assert_whole
from tests.contract.store.writing import append, batch, everything
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
    first = store.append(batch(1, 0))
    cluster.leader = 1
    assert store.append(batch(1, 0)) == first
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
    store.append(batch(1, 0))
    cluster.leader = None
    cluster.nodes[0].stop()
    for call in (lambda: store.append(batch(1, 1)), lambda: store.read_all(0), store.head, lambda: KurrentStore(cluster.uri)):
        with pytest.raises(Unavailable):
            call()
    cluster.leader = 2
    assert store.append(batch(1, 1)).version == 6
    assert_whole(everything(store))
    later = KurrentStore(cluster.uri)
    assert everything(later) == everything(store)
    later.close()


def test_a_waiting_reader_is_woken_through_the_next_leader(cluster: Cluster, store: KurrentStore) -> None:
    store.append(append("a"))
    assert not store.wait(store.head(), 0.1)
    cluster.leader = 1
    cluster.nodes[0].stop()
    elsewhere = KurrentStore(cluster.uri)
    threading.Timer(0.2, lambda: elsewhere.append(append("b"))).start()
    assert store.wait(store.subscription.last_seen, 20)
    elsewhere.close()


def test_the_compose_file_gives_each_node_consistent_addresses() -> None:
    """The file that no engine has run yet says the same thing three times, in three places."""
    nodes: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"]
    assert len(nodes) == 3
    assert len({node["environment"]["KURRENTDB_ADVERTISE_NODE_PORT_TO_CLIENT_AS"] for node in nodes.values()}) == 3
    for name, node in nodes.items():
        said = node["environment"]
        assert said["KURRENTDB_CLUSTER_SIZE"] == "3"
        assert said["KURRENTDB_GOSSIP_SEED"].split(",") == [f"{other}:2113" for other in nodes if other != name]
        assert said["KURRENTDB_NODE_HOST_ADVERTISE_AS"] == said["KURRENTDB_REPLICATION_HOST_ADVERTISE_AS"] == name
        assert node["ports"] == [f"127.0.0.1:{said['KURRENTDB_ADVERTISE_NODE_PORT_TO_CLIENT_AS']}:2113"]
        assert not node["image"].endswith("latest")
