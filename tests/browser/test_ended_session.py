"""A session that ended while somebody was typing: the answers are kept, and sent again they are recorded once."""

import re
from uuid import uuid4

import pytest

from tests.browser.form_reader import FormReader
from tests.browser.history import must
from tests.harness.world import LOCAL, World, met

PAGE = {"Accept": "text/html"}
HOME = PAGE | {"Origin": "http://127.0.0.1:8000"}
LOGIN = {"actor": "coach-1", "role": "coach", "organisation": "etape", "territories": ["alencon"]}
OPENED = {"policy": "a policy", "cause": 1, "kind": "intake.OrientationAccepted", "code": "person_unknown", "details": {}}


def interview() -> dict[str, str]:
    return {"id": str(uuid4()), "person": "p-1", "mode": "VISIO", "minutes": "30", "on": "2024-06-30", "territory": "alencon"}


def coached(world: World) -> None:
    must(world, "IdentifyPerson", met("p-1"), day="04-02")
    must(world, "OpenJourney", {"person": "p-1", "referent": "coach-1"}, day="04-04")


def test_the_answers_are_kept_and_recorded_once(world: World) -> None:
    coached(world)
    answers = interview()
    kept = world.client.post("/saisie/HoldInterview", data=answers, headers=HOME, **LOCAL)
    assert kept.status_code == 401
    assert "Votre session a pris fin." in kept.text
    assert re.search(r'<a href="/connexion" target="_blank"', kept.text)
    fields = FormReader(kept.text).fields
    assert {name: fields[name].values for name in answers} == {name: [value] for name, value in answers.items()}
    before = world.components.store.head()
    assert world.client.post("/connexion", data=LOGIN, headers=HOME, **LOCAL).status_code == 303
    sent = {name: fields[name].values[0] for name in answers}
    first, again = (world.client.post("/saisie/HoldInterview", data=sent, headers=HOME, **LOCAL) for _ in range(2))
    assert first.status_code == 303
    assert again.headers["Location"] == first.headers["Location"]
    assert world.components.store.head() == before + 1


def test_a_note_of_a_task_is_kept(world: World) -> None:
    coached(world)
    must(world, "OpenTask", {"task": "t-1", "person": "p-1", **OPENED}, day="05-17", role="system")
    sent = {"task": "t-1", "territory": "alencon", "id": str(uuid4()), "note": "Elle a été appelée."}
    kept = world.client.post("/taches", data=sent | {"button": "done"}, headers=HOME, **LOCAL)
    assert kept.status_code == 401
    fields = FormReader(kept.text).fields
    assert {name: fields[name].values for name in sent} == {name: [value] for name, value in sent.items()}
    world.client.post("/connexion", data=LOGIN, headers=HOME, **LOCAL)
    assert world.client.post("/taches", data=sent | {"button": "done"}, headers=HOME, **LOCAL).status_code == 303


@pytest.mark.parametrize(("path", "more"), [("/saisie/HoldInterview", {}), ("/taches", {"button": "done", "task": "t-1"})])
def test_nothing_but_what_was_sent_is_shown(world: World, path: str, more: dict[str, str]) -> None:
    coached(world)
    must(world, "OpenTask", {"task": "t-1", "person": "p-1", **OPENED}, day="05-17", role="system")
    world.calls.clear()
    answer = world.client.post(path, data=interview() | more, headers=HOME, **LOCAL)
    assert answer.status_code == 401
    assert world.calls == []


@pytest.mark.parametrize("path", ["/saisie/HoldInterview", "/taches"])
@pytest.mark.parametrize("origin", ["http://evil.example", "null", ""])
def test_another_site_is_told_nothing_back(world: World, path: str, origin: str) -> None:
    headers = PAGE | ({"Origin": origin} if origin else {})
    answer = world.client.post(path, data=interview() | {"place": "from elsewhere", "button": "done"}, headers=headers, **LOCAL)
    assert answer.status_code == 403
    assert "VISIO" not in answer.text
