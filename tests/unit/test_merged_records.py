"""A record that was merged into another begins nothing any more, and what follows its exit can still be told."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness.world import World, met
from tests.unit.test_moves import tell

JOB = {"outcome": "job-1", "contract": "CDI", "weekly_hours": 35, "evidence": "CONTRAT"}
FOLLOWED_UP = {"rank": 1, "milestone": "M3", "situation": "EMPLOI", "still_in_outcome": True, "channel": "TELEPHONE"}
LEFT = {"exit_on": "2024-02-20", "reason": "DEMANDE", "outcomes": []}


@pytest.fixture
def merged(tmp_path: Path) -> Iterator[World]:
    """The record "m" is merged into "k"; both persons had left their journey, whose follow-ups are scheduled."""
    world = World(tmp_path)
    for person in ("k", "m"):
        assert tell(world, "IdentifyPerson", met(person), "2024-01-10") == ""
        assert tell(world, "OpenJourney", {"person": person, "referent": "coach-1"}, "2024-01-11") == ""
        assert tell(world, "ExitJourney", {"person": person} | LEFT, "2024-02-20") == ""
        schedule = {"person": person, "rank": 1, "exit_on": "2024-02-20"}
        assert tell(world, "ScheduleFollowUps", schedule, "2024-02-20", role="system") == ""
    assert tell(world, "MergePersons", {"kept": "k", "merged": "m"}, "2024-03-01", role="coordinator") == ""
    yield world
    world.components.store.close()


@pytest.mark.parametrize(
    ("name", "data", "role"),
    [
        ("FindJob", JOB, "coach"),
        ("CompleteFollowUp", FOLLOWED_UP, "coach"),
        ("RecordUnreachable", {"rank": 1, "milestone": "M3"}, "coach"),
        ("CorrectExit", LEFT | {"exit_on": "2024-02-19", "why": "SAISIE"}, "coach"),
        ("NeutraliseExit", {"reason": "DECES"}, "coordinator"),
    ],
)
def test_what_follows_an_exit_is_told_of_the_merged_record(merged: World, name: str, data: dict[str, Any], role: str) -> None:
    assert tell(merged, name, {"person": "m"} | data, "2024-05-20", role=role) == ""


@pytest.mark.parametrize(
    ("name", "data", "role"),
    [
        ("OpenJourney", {"referent": "coach-1"}, "coach"),
        ("HoldInterview", {"mode": "PRESENTIEL", "minutes": 45}, "coach"),
        ("IdentifyBarrier", {"thematique": "mobilite--financer-ma-mobilite"}, "coach"),
        ("GrantRenewal", {}, "coordinator"),
        ("TransferPerson", {"to_territory": "flers"}, "coach"),
    ],
)
def test_nothing_begins_in_the_merged_record(merged: World, name: str, data: dict[str, Any], role: str) -> None:
    assert tell(merged, name, {"person": "m"} | data, "2024-05-20", role=role) == "person_merged"
