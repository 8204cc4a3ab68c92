"""Readiness: asked of all at once, answered in time, and nothing in it that a stranger may not read."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import eventlet
import msgspec
import pytest
from eventlet.event import Event
from msgspec import Struct

from services.gateway.current_accounts import CurrentAccounts
from services.gateway.dependencies import GatewayDeps
from services.gateway.health import Health
from services.gateway.request_context import RequestContext
from services.gateway.session import EndedSessions
from shared.bus.inbox import failure_of
from shared.bus.nameko.write_service import WriteService
from shared.errors import Refused, Unavailable
from tests.harness.world import World

NOBODY = cast(RequestContext, None)
SECRET = "Key (person)=(p-1) already exists"


class Answer(Struct):
    """Of `/readyz`: whether the gateway is ready, whether all is well, and why a component is not, by component."""

    ready: bool
    well: bool
    waiting: dict[str, str]


def asked(deps: GatewayDeps, timeout: float = 20) -> Answer:
    accounts = CurrentAccounts(deps.accounts, deps.native, deps.clock, open_to_others=True)
    ended = EndedSessions(deps.records, accounts, deps.native, deps.clock)
    ended.try_refresh()
    return answer(Health(deps, ended, timeout))


def answer(health: Health) -> Answer:
    response = health.readyz(NOBODY)
    body = msgspec.json.decode(response.data)
    assert (body["status"] == "ready") is (response.status_code == 200)
    assert {each["state"] for each in body["components"].values()} <= {"ready", "waiting"}
    return Answer(response.status_code == 200, body["well"], {k: v["reason"] for k, v in body["components"].items() if "reason" in v})


def test_readiness_is_asked_of_all_services_at_once(world: World) -> None:
    """None of them answers before all are asked."""
    called: list[str] = []
    all_asked = Event()

    def call(service: str, method: str, *args: Any) -> Any:
        called.append(service)
        if len(called) == len(world.deps.services):
            all_asked.send()
        all_asked.wait()
        return {"healthy": True, "fault": None}

    assert asked(replace(world.deps, call=call)) == Answer(ready=True, well=True, waiting={})


def test_a_service_that_does_not_answer_keeps_nobody_waiting_for_long(world: World) -> None:
    def call(service: str, method: str, *args: Any) -> Any:
        if service == "coaching":
            eventlet.sleep(1_000)
        return {"healthy": True, "fault": None}

    assert asked(replace(world.deps, call=call), timeout=0.2) == Answer(True, False, {"coaching": "no answer within 0.2 s."})


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

    found = asked(replace(world.deps, call=refused))
    assert found == Answer(True, False, dict.fromkeys(world.deps.services, "It does not answer now."))


def test_readiness_says_nothing_of_where_the_log_is(world: World) -> None:
    def away(*asked: Any) -> Any:
        raise Unavailable('connection to "10.0.0.7" failed for user "parcours"')

    found = asked(replace(world.deps, native=away))
    assert (found.ready, found.well) == (False, False)
    assert found.waiting == {
        "log": "The log cannot be read now.",
        "gateway_records": "Which sessions have ended, or which accounts there are, is not known.",
        "relay": "The log cannot be read now.",
    }


def test_a_gateway_is_ready_when_it_can_answer_whatever_else_is_away(world: World) -> None:
    """A status that followed the services would take every gateway out of service with one of them."""
    world.away = set(world.deps.services)
    assert (found := asked(world.deps)).ready
    assert found.waiting.keys() == world.away


@pytest.mark.parametrize("own", ["log", "broker", "gateway_records"])
def test_a_gateway_that_cannot_answer_is_not_ready(world: World, own: str) -> None:
    def away(*asked: Any, **more: Any) -> Any:
        raise Unavailable("away")

    replaced: dict[str, tuple[str, Any]] = {
        "log": ("store", SimpleNamespace(head=away, read_all=away)),
        "broker": ("linked", lambda: False),
        "gateway_records": ("records", SimpleNamespace(ended_sessions=away)),
    }
    found = asked(replace(world.deps, **dict([replaced[own]])))
    assert not found.ready
    assert own in found.waiting


def test_a_service_that_fails_in_its_answer_turns_no_gateway_red(world: World) -> None:
    def broken(service: str, method: str, *args: Any) -> Any:
        raise KeyError(SECRET)

    assert asked(replace(world.deps, call=broken)) == Answer(True, False, dict.fromkeys(world.deps.services, "Its state is not known."))


def test_an_event_that_waits_for_the_relay_is_told_and_turns_no_gateway_red(world: World) -> None:
    world.deps.checkpoints.save("relay", world.deps.store.head())
    later = replace(world.deps, clock=lambda: world.deps.clock() + timedelta(minutes=1))
    assert asked(later).well
    position = world.meet()
    assert asked(world.deps).well
    assert (found := asked(later)).ready
    assert not found.well
    assert found.waiting.keys() == {"relay"}
    world.deps.checkpoints.save("relay", position)
    assert asked(later).well
