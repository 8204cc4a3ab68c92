"""Pages of other origins: those that are configured, on the interface alone, and never with the cookie."""

from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from services.gateway.cross_origin import MAX_TOLD
from services.gateway.headers import HEADERS
from services.gateway.rate_limit import Rate, RateLimit
from services.gateway.session import COOKIE
from tests.harness.world import LOCAL, World

APP, OTHER = "https://app.example", "https://app.example.evil"
COMMAND = "/v1/commands/IdentifyPerson"
READ_BY_ALL = {"cache-control", "content-length", "content-type"}  # safelisted by the Fetch standard
FOR_THE_BROWSER = {name.lower() for name in HEADERS} | READ_BY_ALL | {"vary"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, origins={APP, "http://localhost:5173"})


def preflight(world: World, path: str, origin: str, method: str = "POST") -> TestResponse:
    asked = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization,idempotency-key"}
    return world.ask("OPTIONS", path, role=None, headers=asked)


def allowed(answer: TestResponse) -> dict[str, str]:
    return {name: value for name, value in answer.headers if name.startswith("Access-Control-")}


@pytest.mark.parametrize("path", [COMMAND, "/v1/events", "/v1/stream-tickets", "/openapi.json"])
def test_a_configured_page_is_told_before_any_login_what_it_may_send(world: World, path: str) -> None:
    answer = preflight(world, path, APP)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (204, APP)
    assert answer.headers["Access-Control-Allow-Methods"] == answer.headers["Allow"]
    assert {"authorization", "idempotency-key", "content-type"} <= set(answer.headers["Access-Control-Allow-Headers"].lower().split(", "))


@pytest.mark.parametrize(
    ("path", "role", "status"),
    [("/v1/events", "auditor", 200), ("/v1/events", None, 401), ("/v1/x", "coach", 404), ("/asyncapi.json", None, 200)],
)
def test_a_configured_page_reads_answers_and_problems_with_their_headers(world: World, path: str, role: str | None, status: int) -> None:
    world.app.limit = RateLimit(Rate(1, 3))
    answer = world.get(path, role=role, headers={"Origin": APP})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (status, APP)
    exposed = {name.lower() for name in answer.headers["Access-Control-Expose-Headers"].split(", ")}
    told = {name.lower() for name, _ in answer.headers if not name.startswith("Access-Control-")}
    assert told - FOR_THE_BROWSER <= exposed
    assert {"date", "parcours-position", "retry-after", "etag"} <= exposed
    assert "Origin" in answer.headers["Vary"]


@pytest.mark.parametrize("origin", [OTHER, "null", "*", "", APP.upper(), f"{APP}/", f"{APP}:443", "http://app.example", f"{APP}, {APP}"])
def test_any_other_page_gets_nothing(world: World, origin: str) -> None:
    for answer in (preflight(world, COMMAND, origin), world.get("/v1/events", role="auditor", headers={"Origin": origin})):
        assert allowed(answer) == {}
        assert "Origin" in answer.headers["Vary"]


@pytest.mark.parametrize("path", ["/", "/connexion", "/saisie", "/page/parcours.js", "/metrics", "/healthz"])
def test_pages_and_forms_are_for_our_own_pages_alone(world: World, path: str) -> None:
    assert allowed(preflight(world, path, APP)) == {}
    assert allowed(world.get(path, headers={"Origin": APP})) == {}


def test_no_page_of_another_origin_uses_the_cookie(world: World) -> None:
    world.client.set_cookie(COOKIE, world.token("coach"), domain="127.0.0.1")
    answer = world.client.post(COMMAND, json={}, headers={"Origin": APP}, **LOCAL)
    assert (answer.status_code, answer.json and answer.json["code"]) == (403, "foreign_origin")
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_without_origins_nothing_is_said_of_them(tmp_path: Path) -> None:
    answer = preflight(World(tmp_path), COMMAND, APP)
    assert (answer.status_code, allowed(answer)) == (204, {})


def test_a_page_that_is_refused_is_named_in_the_log_once(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Its developer sees in the browser that something failed, and nothing else."""
    for _ in range(2):
        assert allowed(preflight(world, COMMAND, OTHER)) == {}
    assert [record.getMessage() for record in caplog.records if OTHER in record.getMessage()] == [
        f"a page of the origin '{OTHER}' was refused: it is not in PARCOURS_ORIGINS"
    ]
    for number in range(100):
        preflight(world, COMMAND, f"https://{number}.example")
    assert len([record for record in caplog.records if "PARCOURS_ORIGINS" in record.getMessage()]) <= MAX_TOLD
