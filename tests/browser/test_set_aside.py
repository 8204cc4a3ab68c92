"""What somebody asks to set aside is seen by the second person, who approves it on a page."""

from typing import Any

from tests.browser.test_truth import text
from tests.harness.world import World

COORDINATOR: dict[str, Any] = {"role": "coordinator", "actor": "coordinator-1"}
OTHER: dict[str, Any] = {"role": "coordinator", "actor": "coordinator-2"}
LIST = "/mises-a-l-ecart"


def request_of(world: World) -> int:
    position = world.meet("p-1")
    asked = {"position": position, "reason": "Saisi deux fois"}
    assert world.send("SetFactAside", asked, territory="all", **COORDINATOR).status_code == 201
    return position


def test_the_second_person_finds_the_request_and_approves_it(world: World) -> None:
    position = request_of(world)
    assert "Compte encore. « Saisi deux fois » Demandé par coordinator-1" in text(world, f"/evenement/{position}", **OTHER)
    own, others = (world.get(LIST, **who).text for who in (COORDINATOR, OTHER))
    assert "Approuver" not in own
    assert "Une autre personne doit l’approuver." in own
    assert "Approuver" in others
    form = {"position": str(position), "id": "00000000-0000-0000-0000-000000000001"}
    answer = world.ask("POST", LIST, data=form, **OTHER)
    assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (303, f"/evenement/{position}")
    assert "Ne compte plus" in text(world, f"/evenement/{position}", **OTHER)
    assert "Aucune demande" in text(world, LIST, **OTHER)


def test_who_asked_cannot_approve_and_is_told_why(world: World) -> None:
    position = request_of(world)
    form = {"position": str(position), "id": "00000000-0000-0000-0000-000000000002"}
    answer = world.ask("POST", LIST, data=form, **COORDINATOR)
    assert answer.status_code == 409
    assert "Saisi deux fois" in answer.text
    assert world.ask("POST", LIST, data={"position": "x"}, **OTHER).status_code == 400


def test_the_list_is_for_those_who_may_approve(world: World) -> None:
    assert world.get(LIST, role="dpo").status_code == 200
    assert world.get(LIST, role="coach").status_code == 403
    assert world.get(LIST, role="auditor").status_code == 403
    assert LIST in world.get("/", role="coordinator").text
    assert LIST not in world.get("/", role="coach").text
