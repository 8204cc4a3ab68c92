"""A cluster of three brokers, two processes of every service, two gateways: no fault of one of them loses, repeats or reorders anything."""

import time
from collections.abc import Callable

import pytest

from services.bootstrap.names import GATEWAY, PROCESSES
from tests.clusters.product import freeze
from tests.clusters.stage import PROMISED, UNBOUNDED, Aim, Stage
from tests.servers import PostgresServer

pytestmark = pytest.mark.long

FROZEN_S = 14.0
CUT_S = 20.0
NOBODY_IS_LEFT = Aim(silence=UNBOUNDED, heal=UNBOUNDED)  # until it starts again


@pytest.mark.parametrize("service", PROCESSES)
def test_one_of_two_processes_is_killed(stage: Stage, service: str) -> None:
    process = stage.product.pair(service)[0]
    with stage.episode(f"{service}: one of two killed") as episode:
        episode.fault()
        process.kill()
        episode.wait_for(20)
        process.start()


@pytest.mark.parametrize("service", PROCESSES)
def test_one_of_two_processes_is_frozen(stage: Stage, service: str) -> None:
    aim = Aim(answer=UNBOUNDED) if service == GATEWAY else PROMISED  # who asks a frozen gateway has to ask the other one
    with stage.episode(f"{service}: one of two frozen for {FROZEN_S:g} s", aim) as episode:
        episode.fault()
        thaw = freeze(stage.product.pair(service)[0])
        time.sleep(FROZEN_S)
        episode.fault()
        thaw()


@pytest.mark.parametrize("service", ["coaching", "reporting", "relay"])
def test_both_processes_of_a_service_are_killed(stage: Stage, service: str) -> None:
    with stage.episode(f"{service}: both killed", NOBODY_IS_LEFT) as episode:
        episode.fault()
        for process in stage.product.pair(service):
            process.kill()
        for process in stage.product.pair(service):
            process.start()


def leader(stage: Stage) -> int:
    return stage.cluster.nodes.index(stage.cluster.leader("coaching.inbox"))


def clients(stage: Stage) -> int:
    """The node that the addresses of clients begin with."""
    return 0


@pytest.mark.parametrize("which", [leader, clients])
def test_a_broker_is_killed(stage: Stage, which: Callable[[Stage], int]) -> None:
    node = stage.cluster.nodes[which(stage)]
    with stage.episode(f"broker of the {which.__name__} killed") as episode:
        episode.fault()
        node.kill()
        episode.wait_for(20)
        episode.fault()
        node.start()
    node.running().wait_for(stage.cluster.is_whole, 120)


@pytest.mark.parametrize("which", [leader, clients])
def test_a_broker_is_frozen(stage: Stage, which: Callable[[Stage], int]) -> None:
    node = stage.cluster.nodes[which(stage)]
    with stage.episode(f"broker of the {which.__name__} frozen for {CUT_S:g} s") as episode:
        episode.fault()
        node.freeze()
        time.sleep(CUT_S)
        episode.fault()
        node.thaw()
    node.running().wait_for(stage.cluster.is_whole, 120)


@pytest.mark.parametrize("which", [leader, clients])
def test_a_broker_is_cut_off(stage: Stage, which: Callable[[Stage], int]) -> None:
    """A minority of one: the others go on."""
    node = stage.cluster.nodes[which(stage)]
    with stage.episode(f"broker of the {which.__name__} cut off for {CUT_S:g} s") as episode:
        episode.fault()
        node.host.unplug()
        time.sleep(CUT_S)
        episode.fault()
        node.host.plug()
    node.running().wait_for(stage.cluster.is_whole, 120)


def test_the_brokers_are_restarted_one_by_one(stage: Stage) -> None:
    with stage.episode("brokers restarted one by one") as episode:
        episode.fault()
        for node in stage.cluster.nodes:
            episode.fault()
            node.stop()
            episode.fault()
            node.start()
            node.running().wait_for(stage.cluster.is_whole, 120)


def test_the_database_restarts(stage: Stage) -> None:
    with stage.episode("PostgreSQL restarted", NOBODY_IS_LEFT) as episode:
        episode.fault()
        assert isinstance(stage.postgres, PostgresServer)
        stage.postgres.restart()
