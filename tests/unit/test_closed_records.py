"""Nothing begins in the record of somebody who is erased or has died; what is under way there ends, and what was stated is stated right."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.harness.world import World, met
from tests.unit.test_moves import tell
from tests.unit.test_policy_tasks import of_kind, react, tasks

MOBILITY = "mobilite--acceder-a-un-vehicule"
ORIENTED = {"orientation": "o-1", "kind": "CCAS", "needs": [], "urgency": False, "consent": True}
FIND_JOB = ("FindJob", {"outcome": "job-1", "contract": "CDI", "weekly_hours": 35, "evidence": "CONTRAT"})
REFERRED = {"referral": "r-2", "partner": "cap", "thematique": MOBILITY, "consent": "c-1", "shared_fields": []}
BEGINNINGS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("RecordContactAttempt", {"outcome": "JOINT"}),
    ("HoldInterview", {"mode": "PRESENTIEL", "minutes": 45}),
    ("IdentifyBarrier", {"thematique": MOBILITY}),
    ("TransferJourney", {"to_territory": "flers"}),
    ("TransferPerson", {"to_territory": "flers"}),
    ("TakeSeat", {"workshop": "w-1"}),
    ("AttendWorkshop", {"workshop": "w-1", "walk_in": True}),
    ("LendEquipment", {"serial": "s-2", "until": "2024-12-01"}),
    ("SendReferral", REFERRED),
    FIND_JOB,
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """The person "p" is coached, has a loan and an accepted referral; a workshop is held on 1 June."""
    world = World(tmp_path)
    workshop = {"workshop": "w-1", "kind": "CV", "thematique": MOBILITY, "capacity": 5, "held_on": "2024-06-01"}
    assert tell(world, "ListPartner", {"partner": "cap", "label": "Cap", "services": []}, "2024-01-02", role="coordinator") == ""
    assert tell(world, "ScheduleWorkshop", workshop, "2024-01-02") == ""
    assert tell(world, "IdentifyPerson", met("p"), "2024-01-10") == ""
    assert tell(world, "OpenJourney", {"person": "p", "referent": "coach-1"}, "2024-01-11") == ""
    assert tell(world, "LendEquipment", {"serial": "s-1", "person": "p", "until": "2024-12-01"}, "2024-01-12") == ""
    assert tell(world, "SendReferral", {"person": "p"} | REFERRED | {"referral": "r-1"}, "2024-01-12") == ""
    assert tell(world, "AcceptReferral", {"person": "p", "referral": "r-1"}, "2024-01-13", role="partner", organisation="cap") == ""
    yield world
    world.components.store.close()


def leave(world: World, reason: str) -> str:
    return tell(world, "ExitJourney", {"person": "p", "exit_on": "2024-03-01", "reason": reason, "outcomes": []}, "2024-03-10")


@pytest.fixture
def erased(world: World) -> World:
    assert tell(world, "DestroyPersonKey", {"person": "p", "basis": "DEMANDE"}, "2024-02-01", role="dpo") == ""
    return world


@pytest.fixture
def deceased(world: World) -> World:
    assert leave(world, "DECES") == ""
    return world


@pytest.mark.parametrize(("name", "data"), BEGINNINGS, ids=[name for name, _ in BEGINNINGS])
@pytest.mark.parametrize("closed", ["erased", "deceased"])
def test_nothing_begins(closed: str, name: str, data: dict[str, Any], request: pytest.FixtureRequest) -> None:
    world = request.getfixturevalue(closed)
    assert tell(world, name, {"person": "p"} | data, "2024-06-01") == f"person_{closed}"


@pytest.mark.parametrize("closed", ["erased", "deceased"])
def test_what_is_under_way_ends(closed: str, request: pytest.FixtureRequest) -> None:
    world = request.getfixturevalue(closed)
    if closed == "erased":
        assert leave(world, "DEMANDE") == ""
    assert tell(world, "ReturnEquipment", {"serial": "s-1", "working": True}, "2024-06-01") == ""
    result = {"person": "p", "referral": "r-1", "result": "SANS_SUITE"}
    assert tell(world, "CompleteReferral", result, "2024-06-01", role="partner", organisation="cap") == ""
    restated = {"person": "p", "exit_on": "2024-03-02", "reason": "DEMANDE", "outcomes": [], "why": "SAISIE"}
    assert tell(world, "CorrectExit", restated, "2024-06-01") == ""


def test_a_death_that_was_stated_by_mistake_is_corrected(deceased: World) -> None:
    restated = {"person": "p", "exit_on": "2024-03-01", "reason": "DEMANDE", "outcomes": [], "why": "SAISIE"}
    assert tell(deceased, "CorrectExit", restated, "2024-03-11") == ""
    assert tell(deceased, "RecordContactAttempt", {"person": "p", "outcome": "JOINT"}, "2024-06-01") == ""


def test_what_happened_before_the_death_may_still_be_told(deceased: World) -> None:
    assert tell(deceased, "RecordContactAttempt", {"person": "p", "outcome": "JOINT"}, "2024-02-01") == ""


@pytest.mark.parametrize("closed", ["erased", "deceased"])
def test_a_prescriber_is_not_told_why_a_record_is_closed(closed: str, request: pytest.FixtureRequest) -> None:
    world = request.getfixturevalue(closed)
    sent = ORIENTED | {"person": "p"}
    assert tell(world, "ReceiveOrientation", sent, "2024-06-01", role="prescriber", organisation="ccas") == "record_closed"
    assert tell(world, "IdentifyPerson", met("k"), "2024-01-10") == ""
    assert tell(world, "IdentifyPerson", met("m"), "2024-01-10") == ""
    assert tell(world, "MergePersons", {"kept": "k", "merged": "m"}, "2024-01-11", role="coordinator") == ""
    json = {"territory": "alencon", "data": ORIENTED | {"person": "m"}}
    answer = world.ask(
        "POST",
        "/v1/commands/ReceiveOrientation",
        json=json,
        headers={"Idempotency-Key": str(uuid4())},
        role="prescriber",
        territories=("alencon",),
        organisation="ccas",
    )
    assert answer.json is not None
    assert answer.json["code"] == "record_closed"
    assert not answer.json.get("details")


@pytest.mark.parametrize("town", ["alencon", "flers"])
@pytest.mark.parametrize("person", ["p", "nobody"])
def test_a_stranger_learns_nothing_of_where_a_person_is_followed(world: World, town: str, person: str) -> None:
    for name, more in (("SeeReferral", {}), ("AcceptReferral", {}), ("CompleteReferral", {"result": "EMPLOI"})):
        unknown = {"person": person, "referral": "r-9"} | more
        assert tell(world, name, unknown, "2024-06-01", town, role="partner", organisation="ml") == "referral_unknown"


def test_a_prescriber_speaks_where_it_works(world: World) -> None:
    json = {"territory": "flers", "data": ORIENTED | {"person": "p-9"}}
    for territories in (("alencon",), ("nowhere",)):
        answer = world.ask(
            "POST",
            "/v1/commands/ReceiveOrientation",
            json=json,
            headers={"Idempotency-Key": str(uuid4())},
            role="prescriber",
            territories=territories,
        )
        assert (answer.status_code, answer.json and answer.json["code"]) == (403, "forbidden")


def test_the_prescriber_hears_of_the_referent_that_the_person_has(world: World) -> None:
    sent = ORIENTED | {"person": "p"}
    assert tell(world, "ReceiveOrientation", sent, "2024-02-01", role="prescriber", organisation="ccas") == ""
    assert tell(world, "AcceptOrientation", {"orientation": "o-1", "referent": "coach-9"}, "2024-02-02") == ""
    (accepted,) = of_kind(world.components, "intake.OrientationAccepted")
    assert b'"referent":"coach-1"' in bytes(accepted.data)


def test_an_event_that_no_command_admits_any_more_is_a_task(world: World) -> None:
    """An organisation that was recorded before its form was checked cannot be told anything: a person has to."""
    assert tell(world, "IdentifyPerson", met("q"), "2024-01-10") == ""
    sent = ORIENTED | {"person": "q"}
    assert tell(world, "ReceiveOrientation", sent, "2024-02-01", role="prescriber", organisation="Mairie d’Alençon") == ""
    assert tell(world, "AcceptOrientation", {"orientation": "o-1", "referent": "coach-1"}, "2024-02-02") == ""
    react(world.components)
    (task,) = tasks(world)
    assert task["code"] == "policy_command_not_valid"
    assert "prescriber" in str(task)


def test_an_orientation_says_who_sends_it(world: World) -> None:
    assert tell(world, "ReceiveOrientation", ORIENTED | {"person": "q"}, "2024-02-01", role="prescriber", organisation="") == (
        "organisation_needed"
    )
