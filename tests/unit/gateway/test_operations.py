"""What operators read: where a projection stopped and which events were put aside, and nothing of whom they are about."""

import json
from typing import Any

import pytest

from services.gateway.login import LOGIN_ROLES
from services.gateway.operations_api import state_label
from services.reporting.operator_answers import DefinitionsFilling, ProjectionState
from services.reporting.projection.status import ProjectionStatus
from services.vocabulary.roles import Role
from shared.bus.topology import PROCESS_DIED
from shared.errors import Unavailable
from tests.harness.world import World, met

SECRET = "UNIQUE constraint failed: person.name = Jeanne"
READERS = {"operator", "auditor"}
PROJECTIONS, DEAD_LETTERS = ADDRESSES = ("/v1/projections", "/v1/dead-letters")
FIRST, LAST = "2024-05-13T09:12:44+00:00", "2024-05-13T09:12:45+00:00"


def read(world: World, path: str, **more: Any) -> dict[str, Any]:
    answer = world.get(path, **{"role": "operator", **more})
    assert answer.status_code == 200, answer.text
    for personal in (SECRET, "Jeanne", "p-secret"):
        assert personal not in answer.text
    found: dict[str, Any] = answer.json  # type: ignore[assignment]  # an object
    return found


def items(world: World, path: str) -> list[dict[str, Any]]:
    """All lines, a page at a time."""
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        answer = read(world, path + cursor)
        found += answer["items"]
        assert len(found) <= 100, "a page comes again and again"
        if answer["next"] is None:
            return found
        cursor = f"{'&' if '?' in path else '?'}cursor={answer['next']}"


def put_aside(world: World, service: str = "coaching", reason: str = f"IntegrityError: {SECRET}", *failures: Any) -> int:
    position = world.meet(f"p-secret-{world.components.store.head()}")
    (event,) = world.components.store.read_at([position])
    letters = world.components.dead_letter_file
    assert letters is not None
    letters.add(service, event, reason, *failures)
    return position


@pytest.mark.parametrize("path", ADDRESSES)
def test_operators_and_auditors_read_it_and_nobody_else(world: World, path: str) -> None:
    assert {role.value for role in Role} <= {*LOGIN_ROLES, "participant", "system"}
    for role in LOGIN_ROLES:
        assert world.get(path, role=role).status_code == (200 if role in READERS else 403), role
    assert world.get(path, role=None).status_code == 401


def test_an_operator_reads_nothing_that_is_recorded(world: World) -> None:
    world.meet("p-1")
    for path in (
        "/v1/people",
        "/v1/people/p-1",
        "/v1/people/p-1/timeline",
        "/v1/tasks",
        "/v1/referrals",
        "/v1/stream",
        "/v1/events?after=0",
        "/v1/webhooks",
        "/v1/indicators?territory=alencon&quarter=2024-Q2",
    ):
        assert world.get(path, role="operator").status_code == 403, path
    assert world.send("IdentifyPerson", met("p-2"), role="operator").status_code == 403


def test_a_projection_tells_how_far_it_has_come_and_of_when_readings_are(world: World) -> None:
    position = world.meet()
    (event,) = world.components.store.read_at([position])
    (state,) = read(world, PROJECTIONS)["items"]
    assert state == {
        "projection": "reporting",
        "state": "live",
        "state_label": "à jour",
        "position": position,
        "head": position,
        "lag": 0,
        "as_of": event.recordedtime.isoformat(),
        "stop": None,
        "filling": [],
    }


def test_a_projection_tells_how_many_persons_are_counted_under_new_definitions() -> None:
    state = ProjectionState("reporting", "live", 9, 9, 0, None, None, [DefinitionsFilling(2, 500, 3_000)])
    assert state_label(state) == "à jour ; version 2 des définitions : 500 personnes comptées sur 3000"


def test_a_projection_that_has_not_begun_is_of_no_moment(world: World) -> None:
    world.lagging = True
    head = world.components.store.head()
    (state,) = read(world, PROJECTIONS)["items"]
    assert (state["state"], state["position"], state["head"], state["as_of"]) == ("catching_up", 0, head, None)
    assert state["state_label"] == "en retard de 1 position"


def test_a_projection_that_is_behind_is_catching_up(world: World) -> None:
    before = world.meet()
    world.catch_up()
    world.lagging = True
    world.meet("p-2")
    world.meet("p-3")
    (state,) = read(world, PROJECTIONS)["items"]
    assert (state["state"], state["position"], state["head"], state["lag"]) == ("catching_up", before, before + 2, 2)
    assert state["state_label"] == "en retard de 2 positions"
    assert read(world, f"{PROJECTIONS}?state=live,stopped")["items"] == []
    assert len(read(world, f"{PROJECTIONS}?state=catching_up")["items"]) == 1


def test_a_projection_that_stopped_names_the_event_and_the_exception(world: World) -> None:
    position = world.meet()
    world.catch_up()
    world.lagging = True
    later = world.meet("p-2")
    status = ProjectionStatus(world.components.reports.models, "reporting")
    status.record_stop(later, "intake.PersonIdentified", f"IntegrityError: {SECRET}")
    (state,) = read(world, PROJECTIONS)["items"]
    assert (state["state"], state["position"], state["lag"]) == ("stopped", position, later - position)
    stop = state["stop"]
    assert (stop["position"], stop["type"], stop["fault"]) == (later, "fr.parcours.intake.PersonIdentified", "IntegrityError")
    assert stop["retry_requested"] is False
    assert state["state_label"] == (
        f"arrêtée à la position {later} : fr.parcours.intake.PersonIdentified n’a pas pu être appliqué (IntegrityError)"
    )
    assert status.request_retry()
    assert read(world, PROJECTIONS)["items"][0]["stop"]["retry_requested"] is True
    world.lagging = False
    world.catch_up()
    (state,) = read(world, PROJECTIONS)["items"]
    assert (state["state"], state["stop"]) == ("live", None)


def test_a_dead_letter_tells_what_failed_when_and_how_often(world: World) -> None:
    assert read(world, DEAD_LETTERS) == {"items": [], "next": None}
    position = put_aside(world, "coaching", f"IntegrityError: {SECRET}", 5, FIRST, LAST)
    (event,) = world.components.store.read_at([position])
    assert read(world, DEAD_LETTERS) == {
        "items": [
            {
                "id": str(event.id),
                "service": "coaching",
                "queue": None,
                "type": "fr.parcours.intake.PersonIdentified",
                "position": position,
                "fault": "IntegrityError",
                "fault_label": "5 essais en échec (IntegrityError).",
                "attempts": 5,
                "first_failed_at": FIRST,
                "last_failed_at": LAST,
            }
        ],
        "next": None,
    }


def test_a_process_that_died_leaves_no_exception(world: World) -> None:
    put_aside(world, "coaching", f"{PROCESS_DIED} 5 attempts.")
    (letter,) = read(world, DEAD_LETTERS)["items"]
    assert (letter["fault"], letter["fault_label"]) == (None, "Le processus s’est arrêté à chaque essai.")
    assert letter["first_failed_at"] is None


def test_dead_letters_are_read_page_by_page_with_filters(world: World) -> None:
    positions = [put_aside(world, service) for service in ("coaching", "referrals", "coaching", "intake", "coaching")]
    for query in ("", "?limit=1", "?limit=2", "?limit=5"):
        assert [each["position"] for each in items(world, DEAD_LETTERS + query)] == positions, query
    assert [each["position"] for each in items(world, f"{DEAD_LETTERS}?limit=2&sort=-position")] == positions[::-1]
    of_two = items(world, f"{DEAD_LETTERS}?service=coaching,intake&limit=1")
    assert [each["service"] for each in of_two] == ["coaching", "coaching", "intake", "coaching"]
    for type_ in ("intake", "intake.PersonIdentified", "fr.parcours.intake.PersonIdentified"):
        assert len(items(world, f"{DEAD_LETTERS}?type={type_}")) == 5
    assert items(world, f"{DEAD_LETTERS}?type=coaching") == []


def test_an_event_that_two_services_could_not_handle_is_two_letters_on_two_pages(world: World) -> None:
    position = put_aside(world, "coaching")
    (event,) = world.components.store.read_at([position])
    letters = world.components.dead_letter_file
    assert letters is not None
    letters.add("referrals", event, "ValueError")
    assert [(each["position"], each["service"]) for each in items(world, f"{DEAD_LETTERS}?limit=1")] == [
        (position, "coaching"),
        (position, "referrals"),
    ]


@pytest.mark.parametrize(
    "query",
    [
        "service=nobody",
        "type=unknown",
        "sort=service",
        "limit=0",
        "cursor=x",
        "state=live",
        "position=3",
        "cursor=WyJwb3NpdGlvbiIsIngiLCJhIl0",
    ],
)
def test_what_cannot_be_asked_of_dead_letters_is_refused(world: World, query: str) -> None:
    """On RabbitMQ the name of a service that there is not would make a queue. The last cursor has a position that is no number."""
    assert world.get(f"{DEAD_LETTERS}?{query}", role="operator").status_code == 400


def test_a_cursor_of_another_order_is_refused(world: World) -> None:
    for _ in range(2):
        put_aside(world)
    cursor = read(world, f"{DEAD_LETTERS}?limit=1")["next"]
    assert world.get(f"{DEAD_LETTERS}?cursor={cursor}&sort=-position", role="operator").status_code == 400
    assert world.get(f"{PROJECTIONS}?cursor={cursor}", role="operator").status_code == 400


@pytest.mark.parametrize("path", ADDRESSES)
def test_what_has_not_changed_is_not_sent_again(world: World, path: str) -> None:
    put_aside(world)
    tag = world.get(path, role="operator").headers["ETag"]
    assert world.get(path, role="operator", headers={"If-None-Match": tag}).status_code == 304
    put_aside(world)
    assert world.get(path, role="operator", headers={"If-None-Match": tag}).status_code == 200


def test_while_the_broker_is_away_dead_letters_are_unavailable(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(service: str | None = None) -> None:
        raise Unavailable("the broker is away")

    monkeypatch.setattr(world.components.dead_letter_file, "list", away)
    assert world.get(DEAD_LETTERS, role="operator").status_code == 503


def test_the_examples_are_of_operators(world: World) -> None:
    document = world.get("/openapi.json", role=None).json
    for path in ADDRESSES:
        example = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["example"]  # type: ignore[index]
        (line,) = example["items"]
        assert "un texte" not in json.dumps(line, ensure_ascii=False), line
