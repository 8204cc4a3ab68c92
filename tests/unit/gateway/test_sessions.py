"""Who is let in, from where, and what a stranger's page cannot make a browser do."""

from collections.abc import Iterator
from typing import Any, cast
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from services.gateway.headers import HEADERS
from services.gateway.http_app import HttpApp
from services.gateway.pages.local_path import local_path
from services.gateway.session import COOKIE
from shared.errors import Unavailable
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
    assert world.components.trust.sessions_signer.read(answer.json["token"]).actor.id == "coach-1"


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
    for token in ("forged", world.components.trust.identity_signer.token(identity, "intake")):
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


def bearer(world: World) -> dict[str, str]:
    answer = world.client.post("/v1/session", json=LOGIN | {"role": "auditor"}, **LOCAL)
    assert answer.json
    return {"Authorization": f"Bearer {answer.json['token']}"}


def another_gateway(world: World) -> None:
    """It shares the records, and nothing that is in memory."""
    world.app = HttpApp(world.deps)
    world.app.ended.refresh()


def test_a_token_that_was_given_back_opens_nothing_in_any_gateway(world: World) -> None:
    gone, other = bearer(world), bearer(world)
    assert world.client.delete("/v1/session", headers=gone, **LOCAL).status_code == 204
    for _ in range(2):
        answer = world.client.get("/v1/me", headers=gone, **LOCAL)
        assert (answer.status_code, answer.json and answer.json["code"]) == (401, "unauthenticated")
        assert world.client.delete("/v1/session", headers=gone, **LOCAL).status_code == 401
        assert world.client.get("/v1/me", headers=other, **LOCAL).status_code == 200
        another_gateway(world)


def test_who_leaves_by_the_page_takes_the_cookie_along(world: World) -> None:
    entered(world)
    cookie = world.client.get_cookie(COOKIE, domain="127.0.0.1")
    assert cookie is not None
    assert world.client.post("/deconnexion", headers=HOME, **LOCAL).status_code == 303
    assert world.client.get_cookie(COOKIE, domain="127.0.0.1") is None
    for _ in range(2):
        assert world.client.get("/v1/me", headers={"Cookie": f"{COOKIE}={cookie.value}"}, **LOCAL).status_code == 401
        another_gateway(world)


def test_a_session_that_another_gateway_ended_is_over_here_after_the_next_look(world: World) -> None:
    gone, first = bearer(world), world.app
    another_gateway(world)
    assert world.client.delete("/v1/session", headers=gone, **LOCAL).status_code == 204
    world.app = first
    assert world.client.get("/v1/me", headers=gone, **LOCAL).status_code == 200
    world.app.ended.refresh()
    assert world.client.get("/v1/me", headers=gone, **LOCAL).status_code == 401


@pytest.mark.parametrize("way", ["token", "ticket"])
def test_a_stream_ends_when_its_visitor_leaves(world: World, way: str) -> None:
    world.feed.start()
    headers = bearer(world)
    if way == "token":
        answer = world.client.get("/v1/stream", headers=headers, **LOCAL)
    else:
        issued = world.client.post("/v1/stream-tickets", headers=headers, **LOCAL)
        assert issued.json
        answer = world.client.get(issued.json["stream"], **LOCAL)
    chunks = cast(Iterator[bytes], iter(answer.response))
    last = next(chunks).decode().partition("id: ")[2].strip() if way == "ticket" else next(chunks)
    assert world.client.delete("/v1/session", headers=headers, **LOCAL).status_code == 204
    assert next(chunks, b"over") == b"over"
    if way == "ticket":
        assert issued.json
        resumed = world.client.get(issued.json["stream"], headers={"Last-Event-ID": str(last)}, **LOCAL)
        assert (resumed.status_code, resumed.json and resumed.json["code"]) == (401, "ticket_not_valid")


def away(*_: object) -> None:
    raise Unavailable("the records are away")


def test_leaving_while_the_records_are_away_holds_here_and_is_made_up_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    headers, records = bearer(world), world.components.gateway_records
    monkeypatch.setattr(records, "end_session", away)
    answer = world.client.delete("/v1/session", headers=headers, **LOCAL)
    assert (answer.status_code, answer.json and answer.json["code"]) == (503, "session_not_ended")
    assert world.client.get("/v1/me", headers=headers, **LOCAL).status_code == 401
    monkeypatch.undo()
    world.app.ended.refresh()
    another_gateway(world)
    assert world.client.get("/v1/me", headers=headers, **LOCAL).status_code == 401


def test_a_page_that_is_left_while_the_records_are_away_loses_its_cookie(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    entered(world)
    monkeypatch.setattr(world.components.gateway_records, "end_session", away)
    answer = world.client.post("/deconnexion", headers=HOME | {"Accept": "text/html"}, **LOCAL)
    assert answer.status_code == 503
    assert world.client.get_cookie(COOKIE, domain="127.0.0.1") is None


def test_nobody_is_let_in_while_it_is_not_known_which_sessions_have_ended(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a start, and after the records were away for long: a token may belong to a session that has ended."""
    headers = bearer(world)
    world.feed.start()
    ticket = world.client.post("/v1/stream-tickets", headers=headers, **LOCAL)
    assert ticket.json
    chunks = iter(world.client.get("/v1/stream", headers=headers, **LOCAL).response)
    next(chunks)
    monkeypatch.setattr("services.gateway.session.MAX_AGE_S", 0.0)
    assert next(chunks, b"over") == b"over"
    for path in ("/v1/me", "/v1/stream"):
        answer = world.client.get(path, headers=headers, **LOCAL)
        assert (answer.status_code, answer.json and answer.json["code"]) == (503, "sessions_unknown"), path
    assert world.client.get(ticket.json["stream"], **LOCAL).status_code == 503
    monkeypatch.undo()
    assert world.client.get(ticket.json["stream"], **LOCAL).status_code == 200
    assert world.client.get("/v1/me", headers=headers, **LOCAL).status_code == 200
