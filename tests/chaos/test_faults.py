"""After any death, every accepted command is in the log once, every event is applied once, and nothing is repaired by hand."""

import signal
import sys
from contextlib import closing
from uuid import uuid4

import pytest

from tests.chaos.conftest import Stage
from tests.processes import WITH_ITS_PARENT, Process, eventually

DEATHS = {
    "the relay, between publishing and saving its position": (
        "relay",
        "shared.store.postgres.checkpoints:PostgresCheckpoints.save?relay",
        "before",
    ),
    "reporting, inside its transaction": ("reporting", "services.reporting.projection.fact_batch:FactBatch.write_rows", "after"),
    "a service, between the append and the reply": ("intake", "shared.store.postgres.store:PostgresStore.append", "after"),
}


@pytest.mark.parametrize("death", DEATHS)
def test_a_kill_at_the_worst_moment_loses_nothing_and_repeats_nothing(stage: Stage, death: str) -> None:
    service, call, when = DEATHS[death]
    healthy = stage.product.processes[service]
    with stage.load() as load:
        load.wait_for(20)
        healthy.kill()
        with closing(Dying(call, when, healthy)) as dying:
            dying.start()
            eventually(lambda: not dying.alive(), f"the death of {service}", 180)
            assert dying.child is not None
            assert dying.child.returncode == -signal.SIGKILL, healthy.log.read_text()[-2000:]
        healthy.start()
        load.wait_for(20)
    stage.check_nothing_lost_or_repeated(load)


class Dying(Process):
    """The same command, which kills itself at the second call of a function (`dying.py`)."""

    def __init__(self, call: str, when: str, healthy: Process) -> None:
        super().__init__(*healthy.words, env=healthy.env, log=healthy.log)
        self.close = self.kill
        self.command = [*WITH_ITS_PARENT, sys.executable, "-m", "tests.chaos.dying", call, when, "2"]


@pytest.mark.parametrize("service", ["gateway", "coaching"])
def test_any_service_may_be_killed_under_load(stage: Stage, service: str) -> None:
    with stage.load() as load:
        load.wait_for(20)
        stage.product.processes[service].kill()
        stage.product.processes[service].start()
        load.wait_for(20)
    stage.check_nothing_lost_or_repeated(load)


def test_the_broker_stops_and_comes_back_under_load(stage: Stage) -> None:
    with stage.load() as load:
        load.wait_for(20)
        stage.rabbitmq.stop()
        eventually(lambda: load.failures[503] > 0, "a clear 503 while the broker is away", 120)
        stage.rabbitmq.start()
        load.wait_for(20)
    stage.check_nothing_lost_or_repeated(load)


def test_the_database_restarts_under_load(stage: Stage) -> None:
    with stage.load() as load:
        load.wait_for(20)
        stage.postgres.restart()
        load.wait_for(20)
    stage.check_nothing_lost_or_repeated(load)


def test_a_command_refused_while_the_broker_is_away_is_accepted_later_under_the_same_id(stage: Stage) -> None:
    id, person = str(uuid4()), str(uuid4())
    data = {"person": person, "channel": "RUE", "place": "Marché", "radar": "INCONNU"}
    stage.product.token("coach")
    stage.rabbitmq.stop()
    away = stage.product.send("IdentifyPerson", data, id=id)
    assert away.status_code == 503
    assert away.headers["retry-after"]
    assert away.json()["code"] == "unavailable"
    stage.rabbitmq.start()
    eventually(lambda: stage.product.send("IdentifyPerson", data, id=id).is_success, "the retry is accepted")
    again = stage.product.must("IdentifyPerson", data, id=id)
    assert again == stage.product.must("IdentifyPerson", data, id=id)
    assert sum(event["commandid"] == id for event in stage.history()) == 1


def test_a_dead_letter_is_handled_after_its_cause_was_mended(stage: Stage) -> None:
    """A second journey needs a granted renewal: the event of the orientation is a dead letter until there is one."""
    product, person = stage.product, str(uuid4())
    product.must("OpenJourney", {"person": person, "referent": "coach-1"})
    today = product.must("HoldInterview", {"person": person, "mode": "VISIO", "minutes": 30})
    assert today
    events = [event for event in stage.history() if event["subject"] == f"journey-{person}"]
    product.must("ExitJourney", {"person": person, "exit_on": events[0]["data"]["on"], "reason": "DEMANDE", "outcomes": []})
    sent = {"orientation": str(uuid4()), "person": person, "kind": "CCAS", "needs": [], "urgency": False, "consent": True}
    product.must("ReceiveOrientation", sent, role="prescriber", organisation="ccas")
    product.must("AcceptOrientation", {"orientation": sent["orientation"], "referent": "coach-2"})
    eventually(
        lambda: "renewal_not_granted" in product.tool("dead", "list").stdout or person in product.tool("dead", "list").stdout,
        "the dead letter",
    )
    product.must("GrantRenewal", {"person": person}, role="coordinator")
    replayed = product.tool("dead", "replay")
    assert replayed.returncode == 0, replayed.stderr
    eventually(lambda: ranks(stage, person) == [1, 2], "the journey of rank 2")
    eventually(lambda: product.tool("dead", "list").stdout == "", "no dead letter is left")


def ranks(stage: Stage, person: str) -> list[int]:
    return [e["data"]["rank"] for e in stage.history() if e["type"].endswith("JourneyOpened") and e["data"]["person"] == person]
