"""PostgreSQL with a synchronous standby: what was accepted is there after its promotion, and nothing is done twice."""

import pytest

from tests.clusters.postgres import Replicated
from tests.clusters.stage import Stage

pytestmark = pytest.mark.long


@pytest.mark.parametrize("fate", ["killed", "frozen"])
def test_the_standby_of_a_lost_primary_is_promoted(own_stage: Stage, fate: str) -> None:
    database = own_stage.postgres
    assert isinstance(database, Replicated)
    with own_stage.episode(f"PostgreSQL {fate}, its synchronous standby promoted") as episode:
        episode.fault()
        if fate == "killed":
            database.primary.running().kill()
        else:
            database.primary.freeze()
        database.promote()
