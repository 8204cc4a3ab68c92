"""The outbox: commands that were given without a network are recorded in order, once, at the time of the fact."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from parcours_client import Event, Line, Parcours, Problem
from parcours_client.clock import GatewayClock
from parcours_client.outbox import RECORDED, REFUSED, WAITING, Outbox
from tests.clients.connections import Breaking, client
from tests.clients.persons import TERRITORY, at, identify, interview, new_person
from tests.forks import ROOT
from tests.processes import Product, eventually, free_port

OWNER = "coach-1"


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    opened = Outbox(tmp_path / "outbox.sqlite", OWNER)
    yield opened
    opened.close()


def states(outbox: Outbox) -> list[str]:
    return [kept.state for kept in outbox.commands()]


def test_what_waits_is_sent_in_order_when_the_network_returns(product: Product, outbox: Outbox, tmp_path: Path) -> None:
    someone = [new_person() for _ in range(3)]
    ids = [outbox.put(Line(identify(each), TERRITORY, at(number))) for number, each in enumerate(someone)]
    with Parcours(f"http://127.0.0.1:{free_port()}", product.token("coach"), patience=0) as nowhere:
        assert not outbox.send(nowhere)
    assert states(outbox) == [WAITING] * 3
    reopened = Outbox(tmp_path / "outbox.sqlite", OWNER)
    with client(product, "coach") as parcours:
        assert reopened.send(parcours)
    assert states(outbox) == [RECORDED] * 3
    events = [event for event in recorded(product) if event.data["person"] in someone]
    assert [(event.commandid, event.data["person"]) for event in events] == list(zip(ids, someone, strict=True))
    assert [event.time for event in events] == [at(number) for number in range(3)]
    reopened.close()


def recorded(product: Product) -> list[Event]:
    with client(product, "auditor") as auditor:
        return [event for event in auditor.events(types=["intake"]) if isinstance(event, Event)]


def test_a_refusal_is_kept_with_its_reason_and_the_rest_goes_on(product: Product, outbox: Outbox) -> None:
    outbox.put(Line(interview(new_person()), TERRITORY, at(0)))
    outbox.put(Line(identify(new_person()), TERRITORY, at(0)))
    with client(product, "coach") as parcours:
        assert outbox.send(parcours)
    refused, accepted = outbox.commands()
    assert (refused.state, accepted.state) == (REFUSED, RECORDED)
    assert refused.answer
    assert (refused.answer["code"], refused.answer["status"]) == ("journey_not_open", 409)
    outbox.forget()
    assert states(outbox) == [REFUSED]


def test_an_answer_that_is_lost_leaves_the_command_waiting_and_it_is_recorded_once(product: Product, outbox: Outbox) -> None:
    def lose(request: httpx.Request, response: httpx.Response) -> None:
        response.close()
        raise httpx.ReadError("cut")

    someone = new_person()
    outbox.put(Line(identify(someone), TERRITORY, at(0)))
    with client(product, "coach", Breaking(lose), patience=0) as parcours:
        assert not outbox.send(parcours)
    assert states(outbox) == [WAITING]
    with client(product, "coach") as parcours:
        assert outbox.send(parcours)
    assert states(outbox) == [RECORDED]
    assert [event.data["person"] for event in recorded(product)].count(someone) == 1


def test_the_end_of_the_session_is_said_and_refuses_nothing(product: Product, outbox: Outbox) -> None:
    outbox.put(Line(identify(new_person()), TERRITORY))
    with Parcours(product.url, "no-token") as parcours, pytest.raises(Problem) as ended:
        outbox.send(parcours)
    assert (ended.value.status, states(outbox)) == (401, [WAITING])


def test_nobody_else_sends_what_waits(product: Product, outbox: Outbox, tmp_path: Path) -> None:
    outbox.put(Line(identify(new_person()), TERRITORY, at(0)))
    another = Outbox(tmp_path / "outbox.sqlite", "coach-2")
    with client(product, "coach") as parcours:
        assert another.send(parcours)
    assert (states(another), states(outbox)) == ([], [WAITING])
    another.close()


@pytest.mark.parametrize("ahead", [3 * 3600, -3 * 3600], ids=["fast", "slow"])
def test_a_wrong_clock_of_the_device_is_corrected(product: Product, tmp_path: Path, ahead: float) -> None:
    someone, before = new_person(), datetime.now(UTC)
    outbox = Outbox(tmp_path / "of-device.sqlite", OWNER, lambda: time.time() + ahead)
    outbox.put(Line(identify(someone), TERRITORY))
    with client(product, "coach", clock=GatewayClock(lambda: time.time() + ahead)) as parcours:
        assert outbox.send(parcours)
    assert states(outbox) == [RECORDED]
    (event,) = (event for event in recorded(product) if event.data["person"] == someone)
    assert timedelta(seconds=-2) < event.time - before < timedelta(seconds=30)
    outbox.close()


WRITER = """
import sys
from pathlib import Path
from parcours_client import Line
from parcours_client.outbox import Outbox
from tests.clients.persons import identify
outbox = Outbox(Path(sys.argv[1]), "coach-1")
for number in range(10_000):
    outbox.put(Line(identify(f"p-{number}"), "alencon"))
    print(number, flush=True)
"""


def test_what_was_put_is_there_after_a_kill(outbox: Outbox, tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT}/clients/python/src"}
    command = [sys.executable, "-c", WRITER, str(tmp_path / "outbox.sqlite")]
    with subprocess.Popen(command, env=env, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        eventually(lambda: len(states(outbox)) > 20)
        writer.send_signal(signal.SIGKILL)
        assert writer.stdout
        put = [int(line) for line in writer.stdout.read().split()]
    kept = [each.line["data"]["person"] for each in outbox.commands(WAITING)]
    assert kept[: len(put)] == [f"p-{number}" for number in put]
    assert len(put) > 20
