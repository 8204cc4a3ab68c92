"""Who is let in, from where, and what a stranger's page cannot make a browser do."""

from typing import Any
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from services.gateway.headers import HEADERS
from services.gateway.pages.site import local_path
from services.gateway.session import COOKIE, SESSION_LIFETIME
from shared.message import Actor
from shared.trust.access import Identity
from tests.harness.world import LOCAL, World, met

HOME = {"Origin": "http://127.0.0.1:8000"}
LOGIN = {"actor": "coach-1", "role": "coach", "organisation": "etape", "territories": ["alencon"]}


def entered(world: World, **login: Any) -> TestResponse:
    answer = world.client.post("/connexion", data=LOGIN | login, headers=HOME, **LOCAL)
    assert answer.status_code == 303, answer.text
    return answer


def test_the_cookie_is_kept_from_scripts_and_from_other_sites(world: World) -> None:
    cookie = entered(world).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert world.client.get("/saisie", **LOCAL).status_code == 200


def test_a_program_is_given_the_same_session_as_a_token(world: World) -> None:
    answer = world.client.post("/v1/session", json=LOGIN, **LOCAL)
    assert answer.status_code == 201
    assert answer.json is not None
    assert "Set-Cookie" not in answer.headers
    assert world.components.sessions_signer.read(answer.json["token"]).actor.id == "coach-1"


@pytest.mark.parametrize("role", ["system", "nobody"])
def test_nobody_logs_in_as_the_system(world: World, role: str) -> None:
    assert world.client.post("/v1/session", json=LOGIN | {"role": role}, **LOCAL).status_code == 422


@pytest.mark.parametrize(
    ("address", "host", "headers"),
    [
        ("192.0.2.7", "http://127.0.0.1:8000", {}),
        ("127.0.0.1", "http://parcours.example", {}),
        ("127.0.0.1", "http://127.0.0.1:8000", {"X-Forwarded-For": "192.0.2.7"}),
        ("", "http://127.0.0.1:8000", {}),
    ],
)
def test_the_development_login_answers_to_this_machine_alone(world: World, address: str, host: str, headers: dict[str, str]) -> None:
    answer = world.client.post("/v1/session", json=LOGIN, base_url=host, environ_base={"REMOTE_ADDR": address}, headers=headers)
    assert (answer.status_code, answer.json and answer.json["code"]) == (403, "login_is_local")


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "same-site"}])
def test_a_strangers_page_makes_nothing_happen_with_the_cookie(world: World, headers: dict[str, str]) -> None:
    entered(world)
    body = {"territory": "alencon", "data": met("p-1")}
    answer = world.client.post("/v1/commands/IdentifyPerson", json=body, headers={"Idempotency-Key": str(uuid4()), **headers}, **LOCAL)
    assert (answer.status_code, answer.json and answer.json["code"]) == (403, "foreign_origin")
    assert world.client.post("/saisie/IdentifyPerson", data={}, headers=headers, **LOCAL).status_code == 403
    assert world.client.post("/connexion", data=LOGIN, headers=headers, **LOCAL).status_code == 403
    assert world.calls == []


def test_our_own_page_may(world: World) -> None:
    entered(world)
    body = {"territory": "alencon", "data": met("p-1")}
    answer = world.client.post("/v1/commands/IdentifyPerson", json=body, headers={"Idempotency-Key": str(uuid4()), **HOME}, **LOCAL)
    assert answer.status_code == 201


def test_a_forged_or_foreign_token_is_nobody(world: World) -> None:
    identity = Identity(Actor("coach-1", "coach"), ("*",))
    for token in ("forged", world.components.services_signer.sign(identity, SESSION_LIFETIME)):
        answer = world.client.get("/v1/events", headers={"Authorization": f"Bearer {token}"}, **LOCAL)
        assert answer.status_code == 401
        world.client.set_cookie(COOKIE, token, domain="127.0.0.1")
        assert world.client.get("/v1/events", **LOCAL).status_code == 401


def test_a_session_is_not_an_identity_for_the_services(world: World) -> None:
    reply = world.components.endpoint("intake").handle(world.token("coach"), "{}")
    assert "forbidden" in reply


def test_a_page_without_a_session_leads_to_the_login_and_back(world: World) -> None:
    answer = world.client.get("/coter/alencon/2024-Q2", headers={"Accept": "text/html"}, **LOCAL)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/connexion?suite=/coter/alencon/2024-Q2")
    assert entered(world, suite="/coter/alencon/2024-Q2").headers["Location"] == "/coter/alencon/2024-Q2"


@pytest.mark.parametrize(
    "address", ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example", "javascript:alert(1)", ""]
)
def test_the_way_back_never_leaves_the_site(address: str) -> None:
    assert local_path(address) == "/"


def test_leaving_ends_the_session(world: World) -> None:
    entered(world)
    world.client.post("/deconnexion", headers=HOME, **LOCAL)
    assert world.client.get("/saisie", **LOCAL).status_code == 401


@pytest.mark.parametrize("path", ["/", "/v1/events", "/nowhere", "/page/parcours.js", "/metrics"])
def test_every_answer_is_guarded(world: World, path: str) -> None:
    answer = world.client.get(path, **LOCAL)
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


def test_a_method_that_is_not_known_here_is_a_problem(world: World) -> None:
    answer = world.client.delete("/v1/commands/IdentifyPerson", **LOCAL)
    assert (answer.status_code, answer.content_type) == (405, "application/problem+json; charset=utf-8")
    assert answer.headers["Allow"] == "POST"


def test_a_body_that_is_too_long_is_not_read(world: World) -> None:
    answer = world.ask("POST", "/v1/commands/IdentifyPerson", data=b"x" * 400_000, headers={"Idempotency-Key": str(uuid4())})
    assert answer.status_code == 413
    assert world.calls == []
