"""Each prescriber who sends a person hears that they are taken on, and how it ends: also when the person is coached already."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.harness.world import World, met
from tests.unit.test_policy_tasks import LEFT, SENT, give, of_kind, react


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.components.store.close()


def orient(world: World, orientation: str, organisation: str, day: int) -> None:
    give(world, "ReceiveOrientation", SENT | {"orientation": orientation}, day, role="prescriber", organisation=organisation)
    give(world, "AcceptOrientation", {"orientation": orientation, "referent": "coach-1"}, day + 1)
    react(world.components)


def informed(world: World) -> list[tuple[str, str, str]]:
    known = [msgspec.json.decode(event.data) for event in of_kind(world.components, "referrals.PrescriberInformed")]
    return sorted((each["orientation"], each["prescriber"], each["milestone"]) for each in known)


def test_every_prescriber_of_a_journey_is_informed_to_its_end(world: World) -> None:
    give(world, "IdentifyPerson", met("p-1"), 1)
    orient(world, "o-1", "ccas", 2)
    orient(world, "o-2", "ml-alencon", 4)
    orient(world, "o-3", "ft-alencon", 6)
    assert len(of_kind(world.components, "coaching.JourneyOpened")) == 1
    give(world, "ExitJourney", LEFT | {"exit_on": "2024-03-09"}, 9)
    for _ in range(2):  # a repeated delivery changes nothing
        react(world.components)
        assert informed(world) == [
            (orientation, prescriber, milestone)
            for orientation, prescriber in (("o-1", "ccas"), ("o-2", "ml-alencon"), ("o-3", "ft-alencon"))
            for milestone in ("ACCEPTED", "EXITED")
        ]
    assert [bytes(event.data) for event in of_kind(world.components, "reporting.TaskOpened")] == []


def test_a_journey_that_a_coach_opened_takes_an_orientation_too(world: World) -> None:
    give(world, "IdentifyPerson", met("p-1"), 1)
    give(world, "OpenJourney", {"person": "p-1", "referent": "coach-1"}, 2)
    orient(world, "o-1", "ccas", 3)
    give(world, "ExitJourney", LEFT | {"exit_on": "2024-03-05"}, 5)
    react(world.components)
    assert informed(world) == [("o-1", "ccas", "ACCEPTED"), ("o-1", "ccas", "EXITED")]
