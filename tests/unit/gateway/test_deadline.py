"""The gateway answers in time, whatever it waits for."""

from contextlib import AbstractContextManager
from pathlib import Path

import eventlet
import pytest

from services.gateway.http_app import ANSWER_WITHIN_S
from shared.runtime.native_threads import deadline
from tests.harness.world import World, met

CALLER_WAITS_S = 10.0
SHORT_S = 0.05


def short(seconds: float) -> AbstractContextManager[None]:
    assert seconds == ANSWER_WITHIN_S < CALLER_WAITS_S
    return deadline(SHORT_S)


@pytest.fixture
def slow_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A gateway whose records do not answer."""
    world = World(tmp_path, deadline=short)
    monkeypatch.setattr(world.app.sender.keys, "native", lambda *asked: eventlet.sleep(60))
    return world


def test_a_command_whose_records_do_not_answer_is_503_in_time_and_may_be_sent_again(slow_records: World) -> None:
    answer = slow_records.send("IdentifyPerson", met("p-1"))
    assert (answer.status_code, answer.json and answer.json["code"]) == (503, "unavailable")
    assert answer.headers["Retry-After"]


def test_a_reading_whose_service_does_not_answer_is_503_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tmp_path, deadline=short)
    monkeypatch.setattr(world.app.reporting, "call", lambda *asked: eventlet.sleep(60))
    answer = world.ask("GET", "/v1/quarters")
    assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "2")


def test_a_timeout_of_somebody_else_is_not_taken_for_that_of_the_block() -> None:
    other = eventlet.Timeout(SHORT_S)
    with pytest.raises(eventlet.Timeout) as caught, deadline(60):
        eventlet.sleep(60)
    assert caught.value is other
