"""An administrator opens accounts, gives and withdraws grants on pages, with and without JavaScript."""

from typing import Any
from uuid import uuid4

import pytest

from services.gateway.logins import Logins
from tests.browser.test_truth import text
from tests.harness.world import World

ADMINISTRATOR: dict[str, Any] = {"role": "administrator", "actor": "admin-1"}
COORDINATOR: dict[str, Any] = {"role": "coordinator", "actor": "coord-1", "territories": ("alencon",)}
PAGE = "/comptes/nadia"


def post(world: World, path: str, who: dict[str, Any], **fields: Any) -> Any:
    return world.ask("POST", path, data={"id": str(uuid4()), **fields}, headers={"Accept": "text/html"}, **who)


def opened(world: World) -> None:
    answer = post(world, "/comptes", ADMINISTRATOR, account="nadia", email="nadia@etape.example", issuer="", subject="")
    assert (answer.status_code, answer.headers.get("Location")) == (303, PAGE), answer.text


def give(world: World, who: dict[str, Any], **more: Any) -> Any:
    grant = {"command": "GiveGrant", "grant": "g-1", "granted_role": "coach", "granted_territories": ["alencon", "flers"]}
    return post(world, PAGE, who, **{**grant, "since": "", "until": "", "reason": "PRISE_DE_FONCTION", **more})


def test_an_account_is_opened_and_a_grant_given_and_withdrawn(world: World) -> None:
    assert "Il n’y a encore aucun compte." in text(world, "/comptes", **ADMINISTRATOR)
    opened(world)
    assert world.components.accounts().of_login(Logins(world.components.settings.key()).of_email("nadia@etape.example"))
    assert "Aucune : personne n’entre encore avec ce compte." in text(world, PAGE, **ADMINISTRATOR)
    assert give(world, ADMINISTRATOR).status_code == 303
    assert "Coach Alençon, Flers, à partir du" in text(world, PAGE, **ADMINISTRATOR)
    assert "nadia ouvert coach" in text(world, "/comptes", **ADMINISTRATOR)
    assert post(world, PAGE, ADMINISTRATOR, command="WithdrawGrant", grant="g-1", reason="FIN_DE_FONCTION").status_code == 303
    assert "Aucune : personne n’entre encore" in text(world, PAGE, **ADMINISTRATOR)


def test_an_account_is_suspended_and_resumed_and_has_other_logins(world: World) -> None:
    opened(world)
    for command, state in (("SuspendAccount", "suspendu"), ("ResumeAccount", "ouvert"), ("CloseAccount", "fermé")):
        assert post(world, PAGE, ADMINISTRATOR, command=command, reason="INCIDENT_DE_SECURITE").status_code == 303
        assert f"Ce compte est {state}." in text(world, PAGE, **ADMINISTRATOR)
    assert "Donner une habilitation" not in text(world, PAGE, **ADMINISTRATOR)


@pytest.mark.parametrize(
    ("fields", "status", "told"),
    [
        ({"granted_role": "auditor"}, 409, "Personne ne donne ni ne retire ce que son propre rôle"),
        ({"granted_territories": ["flers"]}, 409, "Personne ne donne ni ne retire ce que son propre rôle"),
        ({"granted_territories": []}, 422, "Ce champ est obligatoire"),
        ({"reason": ""}, 422, "Ce champ est obligatoire"),
        ({"command": "IdentifyPerson"}, 404, "Ce formulaire n’existe pas"),
    ],
)
def test_what_is_refused_is_told_and_what_was_chosen_is_kept(world: World, fields: dict[str, Any], status: int, told: str) -> None:
    opened(world)
    answer = give(world, COORDINATOR, **{"granted_territories": ["alencon"], "granted_organisation": "tiers-1", **fields})
    assert answer.status_code == status
    assert told in answer.text
    if status != 404:
        assert 'value="tiers-1"' in answer.text


def test_a_login_that_is_none_is_marked_where_it_was_typed(world: World) -> None:
    answer = post(world, "/comptes", ADMINISTRATOR, account="nadia", subject="s-1")
    assert answer.status_code == 422
    assert "Une adresse électronique est attendue, ou un sujet avec son émetteur." in answer.text
    assert 'value="s-1"' in answer.text


def test_who_reads_accounts_without_giving_any_is_offered_no_form(world: World) -> None:
    opened(world)
    page = world.get(PAGE, role="auditor").text
    assert "<form" not in page.partition("<main")[2]
    assert world.get("/comptes", role="coach").status_code == 403
    assert world.get("/comptes/nobody", role="auditor").status_code == 404
    assert "/comptes" in world.get("/", role="administrator").text
    assert "/comptes" not in world.get("/", role="coach").text


def test_a_coordinator_is_offered_what_they_may_give(world: World) -> None:
    opened(world)
    page = world.get(PAGE, **COORDINATOR).text
    assert ('value="coach"' in page, 'value="auditor"' in page, 'value="alencon"' in page) == (True, False, True)
    assert 'value="flers"' not in page
    assert 'value="all"' in world.get(PAGE, **ADMINISTRATOR).text
