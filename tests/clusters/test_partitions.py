"""The network is parted: a broker and one process of every service on one side, all the others and PostgreSQL on the other."""

import time

import pytest

from tests.clusters.stage import Stage

pytestmark = pytest.mark.long

PARTED_S = 20.0


def test_a_minority_is_parted_from_the_others(divided_stage: Stage) -> None:
    stage = divided_stage
    with stage.episode(f"one broker and half of the processes parted for {PARTED_S:g} s") as episode:
        episode.fault()
        stage.network.part()
        time.sleep(PARTED_S)
        episode.fault()
        stage.network.join()
    stage.cluster.nodes[0].running().wait_for(stage.cluster.is_whole, 120)
