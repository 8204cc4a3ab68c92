"""Where a person is followed is one place, whichever way it is read: by the order of the log, or by the days of the moves."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.harness.world import World, met
from tests.unit.test_policy_tasks import SENT, react


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.components.store.close()


def tell(world: World, name: str, data: dict[str, Any], day: str, town: str = "alencon", role: str = "coach", **more: Any) -> str:
    """Give a command; its code if it is refused, else nothing."""
    json = {"territory": town, "data": data, "time": f"{day}T10:00:00+01:00"}
    headers = {"Idempotency-Key": str(uuid4())}
    answer = world.ask("POST", f"/v1/commands/{name}", json=json, headers=headers, role=role, territories=(town,), **more)
    assert answer.status_code in {201, 409}, answer.text
    return "" if answer.json is None or answer.status_code == 201 else str(answer.json["code"])


def transfer(world: World, to: str, day: str, town: str = "alencon") -> str:
    return tell(world, "TransferPerson", {"person": "p-1", "to_territory": to}, day, town)


def test_a_move_is_not_dated_before_the_meeting_or_the_last_move(world: World) -> None:
    assert tell(world, "IdentifyPerson", met("p-1"), "2024-01-10") == ""
    assert transfer(world, "flers", "2023-12-01") == "before_the_meeting"
    assert transfer(world, "flers", "2024-05-01") == ""
    assert transfer(world, "alencon", "2024-03-01") == "before_the_last_move"
    assert transfer(world, "alencon", "2024-03-01", "flers") == "followed_elsewhere"
    assert tell(world, "OpenJourney", {"person": "p-1", "referent": "coach-1"}, "2024-02-01") == "before_the_last_move"
    assert transfer(world, "alencon", "2024-05-01", "flers") == ""
    assert tell(world, "OpenJourney", {"person": "p-1", "referent": "coach-1"}, "2024-05-01") == ""
    assert tell(world, "HoldInterview", {"person": "p-1", "mode": "PRESENTIEL", "minutes": 45}, "2024-05-02") == ""


def test_an_orientation_is_accepted_where_the_person_has_moved_to(world: World) -> None:
    assert tell(world, "IdentifyPerson", met("p-1"), "2024-01-10") == ""
    assert tell(world, "ReceiveOrientation", SENT, "2024-01-11", role="prescriber", organisation="ccas") == ""
    assert transfer(world, "flers", "2024-02-01") == ""
    accept = {"orientation": "o-1", "referent": "coach-2"}
    assert tell(world, "AcceptOrientation", accept, "2024-02-02") == "followed_elsewhere"
    assert tell(world, "AcceptOrientation", accept, "2024-02-02", "flers") == ""
    react(world.components)
    assert tell(world, "HoldInterview", {"person": "p-1", "mode": "PRESENTIEL", "minutes": 45}, "2024-02-03", "flers") == ""


def test_an_orientation_opens_nothing_that_another_territory_has_recorded(world: World) -> None:
    assert tell(world, "IdentifyPerson", met("p-1"), "2024-01-10") == ""
    assert tell(world, "ReceiveOrientation", SENT, "2024-01-11", "flers", role="prescriber", organisation="ccas") == ""
    project(world)
    assert world.get("/parcours/p-1", territories=("alencon",)).status_code == 200
    assert world.get("/parcours/p-1", territories=("flers",)).status_code == 403


def test_somebody_whom_nobody_follows_yet_is_read_where_they_were_sent(world: World) -> None:
    assert tell(world, "ReceiveOrientation", SENT, "2024-01-11", "flers", role="prescriber", organisation="ccas") == ""
    project(world)
    assert world.get("/parcours/p-1", territories=("flers",)).status_code == 200
    assert world.get("/parcours/p-1", territories=("alencon",)).status_code == 403


def project(world: World) -> None:
    world.components.reports.rebuild(world.components.store)
