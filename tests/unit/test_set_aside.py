"""A fact that is set aside counts nowhere from then on, live, rebuilt and replayed; and it lets a stopped projection go on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from services.reporting.projection.projector import Projector
from services.reporting.projection.set_aside import set_aside
from shared.message import EventMessage
from shared.store.port import NO_STREAM, Append, NewEvent
from tests.harness.world import World, met

TIME = "2024-03-05T10:00:00+01:00"
QUARTER = "2024-Q1"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.components.store.close()


def send(world: World, name: str, data: dict[str, Any], *, territory: str = "all", **more: Any) -> Any:
    json = {"territory": territory, "data": data}
    return world.ask("POST", f"/v1/commands/{name}", json=json, headers={"Idempotency-Key": str(uuid4())}, **more)


def meet(world: World, person: str) -> int:
    json = {"territory": "alencon", "data": met(person), "time": TIME}
    answer = world.ask("POST", "/v1/commands/IdentifyPerson", json=json, headers={"Idempotency-Key": str(uuid4())})
    assert answer.status_code == 201, answer.text
    return int(msgspec.json.decode(answer.data)["position"])


def put_aside(world: World, position: int) -> int:
    asked = send(world, "SetFactAside", {"position": position, "reason": "Une fiche de démonstration."}, role="coordinator", actor="c-1")
    assert asked.status_code == 201, asked.text
    approved = send(world, "ApproveSettingAside", {"position": position}, role="coordinator", actor="c-2")
    assert approved.status_code == 201, approved.text
    return int(msgspec.json.decode(approved.data)["position"])


def people_met(reports: Any) -> int:
    return int(reports.figures("alencon", QUARTER).indicators["people_met"].value)


def project(world: World) -> Projector:
    """Fold what is new, an event at a time, as the inbox would."""
    projector = Projector(world.components.reports, world.components.store)
    while events := world.components.store.read_all(projector.checkpoint()):
        projector.apply(events[:1])
    return projector


def test_it_takes_two_people(world: World) -> None:
    position = meet(world, "p-1")
    data = {"position": position, "reason": "Une erreur."}
    assert send(world, "ApproveSettingAside", {"position": position}, role="coordinator").json["code"] == "setting_aside_not_requested"
    assert send(world, "SetFactAside", data, role="coach").status_code == 403
    assert send(world, "SetFactAside", data, role="coordinator", actor="c-1").status_code == 201
    alone = send(world, "ApproveSettingAside", {"position": position}, role="coordinator", actor="c-1")
    assert alone.json["code"] == "needs_a_second_person"
    assert send(world, "ApproveSettingAside", {"position": position}, role="dpo", actor="d-1").status_code == 201
    again = send(world, "SetFactAside", data, role="coordinator", actor="c-1")
    assert again.json["code"] == "already_set_aside"


def test_only_an_event_that_exists_and_means_nothing_for_others_is_set_aside(world: World) -> None:
    """A later event would be lost before it happens; without definitions no figure has a meaning."""
    meet(world, "p-1")
    (definitions,) = [event.position for event in world.components.store.read_all(0) if event.kind == "reporting.DefinitionsPublished"]
    decision = put_aside(world, meet(world, "p-2"))
    for position, code in (
        (10**6, "event_unknown"),
        (definitions, "never_set_aside"),
        (decision, "never_set_aside"),
        (decision - 1, "never_set_aside"),
    ):
        for name, data in (("SetFactAside", {"reason": "Une erreur."}), ("ApproveSettingAside", {})):
            answer = send(world, name, {"position": position} | data, role="coordinator", actor="c-9")
            assert answer.json["code"] == code, (name, position)


def test_it_counts_nowhere_from_the_position_of_the_decision_on(world: World) -> None:
    meet(world, "p-1")
    wrong = meet(world, "p-2")
    before = world.components.store.head()
    project(world)
    assert people_met(world.components.reports) == 2
    after = put_aside(world, wrong)
    project(world)
    assert people_met(world.components.reports) == 1
    assert people_met(world.components.replayed(after)) == 1
    assert people_met(world.components.replayed(before)) == 2
    world.components.reports.rebuild(world.components.store)
    assert people_met(world.components.reports) == 1


def test_the_timeline_shows_it_with_its_reason(world: World) -> None:
    position = meet(world, "p-1")
    put_aside(world, position)
    project(world)
    page = world.get("/parcours/p-1").text
    assert "Écarté, ne compte plus : Une fiche de démonstration." in page
    assert "Rencontrée" in page


def test_its_own_page_says_so_and_who_decided(world: World) -> None:
    position = meet(world, "p-1")
    assert "Écarté" not in world.get(f"/evenement/{position}").text
    decision = put_aside(world, position)
    page = world.get(f"/evenement/{position}").text
    assert f'<a href="/evenement/{decision}">' in page
    assert "« Une fiche de démonstration. » Demandé par" in page


def append_unreadable(world: World) -> EventMessage:
    """An event that no reader can fold, as a defect of an earlier release might have written."""
    store, id = world.components.raw_store, uuid4()
    body = {
        "id": id,
        "type": "fr.parcours.intake.PersonIdentified",
        "source": "/parcours/intake",
        "subject": "person-x",
        "time": TIME,
        "dataschema": "urn:parcours:intake.PersonIdentified:2",
        "territory": "alencon",
        "actor": {"id": "c-1", "role": "coach", "organisation": ""},
        "commandid": uuid4(),
        "data": {"person": "x", "on": "never"},
        "specversion": "1.0",
        "datacontenttype": "application/json",
    }
    store.append(Append("person-x", NO_STREAM, [NewEvent(id, str(body["type"]), msgspec.json.encode(body))], None))
    return store.read_all(store.head() - 1)[0]


def test_a_projection_that_stopped_on_it_goes_on_when_it_is_tried_again(world: World) -> None:
    meet(world, "p-1")
    bad = append_unreadable(world)
    meet(world, "p-2")
    with pytest.raises(msgspec.ValidationError):
        project(world)
    put_aside(world, bad.position)
    project(world)
    assert people_met(world.components.reports) == 2
    assert people_met(world.components.replayed(world.components.store.head())) == 2
    assert people_met(world.components.replayed(bad.position + 1)) == 2  # it cannot be folded, so it is passed over as of any position
    world.components.reports.rebuild(world.components.store)
    assert people_met(world.components.reports) == 2
    page = world.get(f"/evenement/{bad.position}", role="auditor")
    assert page.status_code == 200
    assert "cet événement ne peut pas être lu" in page.text
    assert set_aside(world.components.store, bad.position).later == {bad.position}
