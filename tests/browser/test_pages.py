"""What a page shows to a visitor, without JavaScript."""

import re
from uuid import uuid4

import pytest

from tests.harness.world import World, met


def quarter(world: World) -> str:
    """The page of the quarter in which these tests record: this one."""
    world.catch_up()
    return f"/coter/alencon/{world.app.reporting.quarters()[-1]}"


def test_a_step_recorded_in_a_form_changes_the_figure_on_the_committees_page(world: World) -> None:
    for _ in range(5):
        world.meet()
    before = world.get(quarter(world)).text
    form = world.get("/saisie/IdentifyPerson").text
    fields = dict(re.findall(r'<input[^>]*name="(\w+)" value="([^"]*)"', form))
    sent = fields | {"channel": "RUE", "place": "Marché", "radar": "INCONNU", "territory": "alencon"}
    answer = world.ask("POST", "/saisie/IdentifyPerson", data=sent)
    assert answer.status_code == 303
    assert "Rencontrée dans la rue, Marché" in world.get(answer.headers["Location"]).text
    after = world.get(quarter(world)).text
    assert [first(page) for page in (before, after)] == ["5", "6"]


def first(page: str) -> str:
    found = re.search(r'<div class="key">\s*<b><a[^>]*>\s*([^<]*?)\s*</a>', page)
    assert found
    return found[1]


def test_a_form_sent_twice_records_once(world: World) -> None:
    sent = {"id": str(uuid4()), "person": "p-1", "channel": "RUE", "place": "Marché", "radar": "INCONNU", "territory": "alencon"}
    first, again = (world.ask("POST", "/saisie/IdentifyPerson", data=sent) for _ in range(2))
    assert first.headers["Location"] == again.headers["Location"]


def test_a_form_that_is_changed_and_sent_again_says_that_the_second_step_is_not_recorded(world: World) -> None:
    """As with the browser's way back. Sent once more, it is a second step, under an id of its own."""
    world.meet("p-1")
    assert world.send("OpenJourney", {"person": "p-1", "referent": "coach-1"}).status_code == 201
    sent = {"id": str(uuid4()), "person": "p-1", "mode": "VISIO", "minutes": "30", "territory": "alencon"}
    first = world.ask("POST", "/saisie/HoldInterview", data=sent)
    changed = world.ask("POST", "/saisie/HoldInterview", data=sent | {"minutes": "45"})
    assert (first.status_code, changed.status_code) == (303, 422)
    assert "Celles-ci ne sont pas enregistrées" in changed.text
    new_id = dict(re.findall(r'<input[^>]*name="(\w+)" value="([^"]*)"', changed.text))["id"]
    assert new_id != sent["id"]
    again = world.ask("POST", "/saisie/HoldInterview", data=sent | {"minutes": "45", "id": new_id})
    assert again.status_code == 303
    assert all(text in world.get(again.headers["Location"]).text for text in ("30 minutes", "45 minutes"))


def test_a_wrong_form_comes_back_filled_with_each_fault_under_its_question(world: World) -> None:
    sent = {"id": str(uuid4()), "person": "p-1", "mode": "VISIO", "minutes": "900", "territory": "alencon"}
    answer = world.ask("POST", "/saisie/HoldInterview", data=sent)
    assert answer.status_code == 422
    assert '<p class="fault" id="faute-minutes">Entre 1 et 480.</p>' in answer.text
    assert 'aria-describedby="faute-minutes" aria-invalid="true"' in answer.text
    assert 'value="900"' in answer.text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("minutes", "9" * 5_000),
        ("minutes", "\u0663"),
        ("on", "20\u0662\u0664-06-30"),
        ("on", "2024-W20-1"),
        ("on", "0000-00-00"),
        ("id", ""),
    ],
)
def test_an_odd_value_in_a_form_is_a_fault_and_not_a_guess(world: World, field: str, value: str) -> None:
    sent = {"id": str(uuid4()), "person": "p-1", "mode": "VISIO", "minutes": "30", "on": "2024-06-30", "territory": "alencon"}
    answer = world.ask("POST", "/saisie/HoldInterview", data=sent | {field: value})
    assert answer.status_code == (400 if field == "id" else 422)
    assert field == "id" or f'id="faute-{field}"' in answer.text


def test_a_role_is_offered_only_the_steps_it_may_record(world: World) -> None:
    assert "Tenir un entretien" in world.get("/saisie").text
    assert "Tenir un entretien" not in world.get("/saisie", role="auditor").text
    assert world.get("/saisie/HoldInterview", role="auditor").status_code == 403


def test_a_masked_figure_says_why(world: World) -> None:
    for _ in range(3):
        world.meet()
    page = world.get(quarter(world)).text
    assert '<span class="masked">1 à 4</span><sup class="note-mark">' in page
    assert re.search(r'<li id="note-1">[^<]*n’est pas montré exactement au comité', page)


def test_a_committee_does_not_see_a_quarter_that_is_not_closed(world: World) -> None:
    for _ in range(6):
        world.meet()
    page = world.get(quarter(world), role="committee").text
    assert "non montré" in page
    assert re.search(r'<li id="note-1">[^<]*il est montré au comité à partir du', page)


def test_a_figure_leads_to_its_facts_and_a_fact_to_its_event(world: World) -> None:
    positions = [world.meet() for _ in range(6)]
    page = world.get(f"{quarter(world)}/people_met").text
    for position in positions:
        assert f'href="/evenement/{position}"' in page
    event = world.get(f"/evenement/{positions[0]}").text
    assert "Rencontrée dans la rue, Marché" in event
    assert "fr.parcours.intake.PersonIdentified" in event


def test_a_committee_is_led_to_no_event(world: World) -> None:
    for _ in range(6):
        world.meet()
    page = world.get(f"{quarter(world)}/people_met", role="committee").text
    assert "/evenement/" not in page
    assert "/parcours/" not in page


def test_what_was_recorded_late_is_marked(world: World) -> None:
    body = {"territory": "alencon", "time": "2024-05-01T10:00:00+02:00", "data": met("p-1")}
    world.ask("POST", "/v1/commands/IdentifyPerson", json=body, headers={"Idempotency-Key": str(uuid4())})
    assert "plus tard" in world.get("/parcours/p-1").text


def test_what_people_typed_is_never_markup(world: World) -> None:
    data = met("p-1") | {"place": "<script>alert(1)</script>"}
    assert world.send("IdentifyPerson", data).status_code == 201
    page = world.get("/parcours/p-1").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_pages_ask_for_nothing_that_the_policy_forbids(world: World) -> None:
    """Neither styles nor scripts in the markup, nor anything from elsewhere: the policy would block them."""
    for _ in range(6):
        world.meet("p-1" if _ == 0 else "")
    for path in (
        "/",
        quarter(world),
        f"{quarter(world)}/people_met",
        "/parcours/p-1",
        "/saisie",
        "/saisie/FindJob",
        "/connexion",
        "/nowhere",
    ):
        page = world.get(path, headers={"Accept": "text/html"}).text
        assert not re.search(r'\sstyle="|\son\w+="|<style|javascript:|(?:src|href)="(?:https?:)?//', page), path
        assert '<html lang="fr">' in page
        assert page.count("<h1") == 1


def test_the_front_page_opens_without_a_session_and_without_figures(world: World) -> None:
    page = world.get("/", role=None)
    assert page.status_code == 200
    assert "Alençon" in page.text
    assert "/coter/" not in page.text


def test_a_problem_is_a_page_for_people_and_json_for_programs(world: World) -> None:
    assert "<h1>" in world.get("/nowhere", headers={"Accept": "text/html"}).text
    assert world.get("/nowhere", headers={"Accept": "application/json"}).json is not None
