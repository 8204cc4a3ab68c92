"""Readiness: asked of all at once, answered in time, and nothing in it that a stranger may not read."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import eventlet
import msgspec
import pytest
from eventlet.event import Event

from services.gateway.health import Health
from services.gateway.metrics import Metrics
from services.gateway.request_context import RequestContext
from shared.bus.inbox import failure_of
from shared.bus.nameko.write_service import WriteService
from shared.errors import Refused, Unavailable
from tests.harness.world import World

NOBODY = cast(RequestContext, None)
SECRET = "Key (person)=(p-1) already exists"


def checks(health: Health) -> dict[str, str]:
    found: dict[str, dict[str, str]] = msgspec.json.decode(health.readyz(NOBODY).data)
    return found["checks"]


def test_readiness_is_asked_of_all_services_at_once(world: World) -> None:
    """None of them answers before all are asked."""
    asked: list[str] = []
    all_asked = Event()

    def call(service: str, method: str, *args: Any) -> Any:
        asked.append(service)
        if len(asked) == len(world.deps.services):
            all_asked.send()
        all_asked.wait()
        return {"healthy": True, "fault": None}

    assert set(checks(Health(replace(world.deps, call=call), Metrics(), timeout=20)).values()) == {"ready"}


def test_a_service_that_does_not_answer_keeps_nobody_waiting_for_long(world: World) -> None:
    def call(service: str, method: str, *args: Any) -> Any:
        if service == "coaching":
            eventlet.sleep(1_000)
        return {"healthy": True, "fault": None}

    found = checks(Health(replace(world.deps, call=call), Metrics(), timeout=0.2))
    assert {name for name, state in found.items() if state != "ready"} == {"coaching"}
    assert found["coaching"] == "no answer within 0.2 s."


def test_readiness_tells_where_a_projection_stopped_and_nothing_of_whom(world: World) -> None:
    position = world.meet("p-1")
    (event,) = (event for event in world.components.store.read_all(0) if event.position == position)
    for failure in (ValueError(SECRET), Refused("no", secret=SECRET)):
        inbox = SimpleNamespace(fault=failure_of("reporting", event, failure), waiting_for="", healthy=lambda: False)
        state = WriteService.health(SimpleNamespace(inbox_consumer=SimpleNamespace(inbox=inbox, caught_up=True)))
        assert state == {"healthy": False, "fault": f"intake.PersonIdentified at position {position}: {type(failure).__name__}"}


@pytest.mark.parametrize("caught_up", [True, False])
def test_readiness_names_what_a_service_waits_for(caught_up: bool) -> None:
    inbox = SimpleNamespace(waiting_for="AnotherLog", healthy=lambda: True)
    state = WriteService.health(SimpleNamespace(inbox_consumer=SimpleNamespace(inbox=inbox, caught_up=caught_up)))
    assert state == {"healthy": False, "fault": "waits: AnotherLog"}


def test_readiness_says_nothing_of_where_the_broker_is(world: World) -> None:
    def refused(service: str, method: str, *args: Any) -> Any:
        raise Unavailable("Connection.open: (530) access to vhost 'parcours' refused for user 'gateway'")

    found = checks(Health(replace(world.deps, call=refused), Metrics()))
    assert {found[service] for service in world.deps.services} == {"It does not answer now."}


def test_readiness_says_nothing_of_where_the_log_is(world: World) -> None:
    def away(*asked: Any) -> Any:
        raise Unavailable('connection to "10.0.0.7" failed for user "parcours"')

    found = checks(Health(replace(world.deps, native=away), Metrics()))
    assert found["log"] == "The log cannot be read now."
