"""PostgreSQL under Patroni: its leader is lost, Patroni promotes the synchronous standby, and nobody else does anything."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from tests.clusters.patroni import TTL_S, Member, Patroni
from tests.clusters.stage import Stage
from tests.processes import eventually

pytestmark = pytest.mark.long

FINDS_IT_S = 5.0  # after there is a new leader


def kill(leader: Member) -> Callable[[], None]:
    leader.kill()
    return leader.start


@pytest.mark.parametrize("fate", [kill, Member.freeze])
def test_the_leader_is_lost(patroni_stage: Stage, fate: Callable[[Member], Callable[[], None]]) -> None:
    database, word = patroni_stage.postgres, "killed" if fate is kill else "frozen"
    assert isinstance(database, Patroni)
    eventually(database.is_whole, "a leader and a synchronous standby")
    leader = database.leader
    with patroni_stage.episode(f"leader of PostgreSQL {word}, Patroni promotes") as episode:
        episode.fault()
        revive = fate(leader)
        took = database.wait_for_promotion(database.other(leader))
        episode.aim = replace(episode.aim, silence=took + FINDS_IT_S, heal=took + FINDS_IT_S)
        episode.remark = f", Patroni had promoted after {took:.1f} s"
        episode.wait_for(20)
        episode.fault()
        revive()
        eventually(database.is_whole, "the lost server follows the new leader", 4 * TTL_S)
