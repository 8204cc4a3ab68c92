"""What a page offers can succeed: the forms of a person, and the choices of a form."""

import re
from html import unescape
from typing import Any
from uuid import uuid4

import pytest

from tests.browser.form_reader import FormReader
from tests.browser.history import MOBILITY, must, tell
from tests.harness.world import World, met

OUTCOME = r'<input type="checkbox" name="outcomes" value="([^"]*)"[^>]*> ([^<]*)</label>'


def options(page: str, field: str) -> dict[str, str]:
    found = re.search(rf'<select id="{field}".*?</select>', page, re.DOTALL)
    assert found
    return {value: unescape(label) for value, label in re.findall(r'<option value="([^"]*)"[^>]*>([^<]*)', found[0]) if value}


def chosen(page: str, field: str) -> list[str]:
    return FormReader(page).fields[field].values


def test_who_is_met_has_a_new_id(world: World) -> None:
    world.meet("p-1")
    listed = world.get("/saisie?person=p-1").text
    assert "/saisie/HoldInterview?person=p-1" in listed
    assert "/saisie/IdentifyPerson" not in listed
    assert "/saisie/IdentifyPerson" in world.get("/saisie").text
    assert chosen(world.get("/saisie/IdentifyPerson?person=p-1").text, "person") != ["p-1"]


def test_an_exit_offers_the_outcomes_of_the_journey(world: World) -> None:
    tell(world)
    must(world, "GrantRenewal", {"person": "p-4"}, day="06-01", role="coordinator")
    must(world, "OpenJourney", {"person": "p-4", "referent": "coach-1"}, day="06-02")
    assert re.findall(OUTCOME, world.get("/saisie/ExitJourney?person=p-4").text) == []
    job = {"person": "p-4", "outcome": "o-2", "contract": "CDD", "months": 3, "weekly_hours": 20, "evidence": "CONTRAT"}
    must(world, "FindJob", job, day="06-03")
    must(world, "FindJob", job | {"contract": "CDI", "months": None, "why": "REQUALIFICATION"}, day="06-04")
    page = world.get("/saisie/ExitJourney?person=p-4").text
    ((id, label),) = re.findall(OUTCOME, page)
    assert id == "o-2"
    assert label.replace("\u00a0", " ").startswith("4 juin 2024 : Trouve un emploi : ")
    sent = {"id": str(uuid4()), "person": "p-4", "exit_on": "2024-06-20", "reason": "OUTCOME", "outcomes": "o-2", "on": "2024-06-20"}
    assert world.ask("POST", "/saisie/ExitJourney", data=sent | {"territory": "alencon"}).status_code == 303


def test_outcomes_are_offered_to_nobody_else(world: World) -> None:
    tell(world)
    readers: list[tuple[str, dict[str, Any]]] = [("", {}), ("?person=p-4", {"territories": ("flers",)})]
    for query, reader in readers:
        page = world.get(f"/saisie/ExitJourney{query}", **reader).text
        assert re.findall(OUTCOME, page) == []
        assert "depuis la page de la personne" in page


def test_a_referral_offers_the_partners_of_the_persons_territory(world: World) -> None:
    tell(world)
    listed = {"partner": "ml", "label": "Mission locale", "services": []}
    must(world, "ListPartner", listed, day="04-02", role="coordinator", territory="flers")
    assert options(world.get("/saisie/SendReferral?person=p-3").text, "partner") == {"cap": "Cap emploi (Alençon)"}
    assert options(world.get("/saisie/SendReferral?person=p-2").text, "partner") == {"ml": "Mission locale (Flers)"}
    everywhere = options(world.get("/saisie/SendReferral").text, "partner")
    assert everywhere == {"cap": "Cap emploi (Alençon)", "ml": "Mission locale (Flers)"}
    assert list(options(world.get("/saisie/SendReferral", territories=("flers",)).text, "partner")) == ["ml"]


def test_what_is_shared_is_told_in_french(world: World) -> None:
    tell(world)
    sent = {"person": "p-3", "referral": "r-9", "partner": "cap", "thematique": MOBILITY, "consent": "c-1", "territory": "alencon"}
    answer = world.ask("POST", "/saisie/SendReferral", data=sent | {"id": str(uuid4()), "shared_fields": "téléphone, lieu de vie"})
    assert answer.status_code == 303, answer.text


@pytest.mark.parametrize(("territory", "offered"), [("alencon", False), ("flers", True)])
def test_steps_are_offered_where_the_person_is_followed_now(world: World, territory: str, offered: bool) -> None:
    tell(world)
    assert ("/saisie?person=p-1" in world.get("/parcours/p-1", territories=(territory,)).text) == offered
    page = world.get("/saisie?person=p-1", territories=(territory,)).text
    assert ("/saisie/HoldInterview" in page) == offered
    assert ("suivie sur un autre territoire : Flers" in page) != offered


def test_a_form_begins_where_the_person_is_followed(world: World) -> None:
    tell(world)
    assert chosen(world.get("/saisie/HoldInterview?person=p-1", role="coordinator").text, "territory") == ["flers"]
    assert chosen(world.get("/saisie/HoldInterview?person=p-3", role="coordinator").text, "territory") == ["alencon"]


@pytest.mark.parametrize(("day", "label"), [("2024-06-03", "Flers"), ("2024-04-10", "Alençon")])
def test_a_wrong_place_is_marked_and_the_right_one_is_named(world: World, day: str, label: str) -> None:
    tell(world)
    sent = {"id": str(uuid4()), "person": "p-1", "mode": "VISIO", "minutes": "30", "on": day, "territory": "argentan"}
    page = FormReader(world.ask("POST", "/saisie/HoldInterview", data=sent).text)
    assert page.fault_under("territory").endswith(f"suivie ici : {label}.")


def test_a_place_is_not_named_to_who_may_not_read_it(world: World) -> None:
    tell(world)
    must(world, "IdentifyPerson", met("p-5"), day="04-02", territory="flers")
    sent = {"id": str(uuid4()), "person": "p-5", "mode": "VISIO", "minutes": "30", "on": "2024-06-03", "territory": "alencon"}
    answer = world.ask("POST", "/saisie/HoldInterview", data=sent, territories=("alencon",))
    assert FormReader(answer.text).fault_under("territory")
    assert "Flers" not in answer.text


def test_a_form_keeps_what_was_typed_when_its_lists_cannot_be_read(world: World) -> None:
    must(world, "IdentifyPerson", met("p-1"), day="04-02")
    world.away.add("reporting")
    sent = {"person": "p-1", "referral": "r-9", "partner": "cap", "thematique": MOBILITY, "consent": "", "shared_fields": "téléphone"}
    answer = world.ask("POST", "/saisie/SendReferral", data=sent | {"id": str(uuid4()), "on": "2024-06-03", "territory": "alencon"})
    assert answer.status_code == 422
    assert chosen(answer.text, "partner") == ["cap"]
