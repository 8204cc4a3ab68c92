"""After any death, every accepted command is in the log once, every event is applied once, and nothing is repaired by hand."""

import signal
from uuid import uuid4

import psutil
import pytest

from tests.chaos.conftest import Stage, dying
from tests.processes import eventually

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
        doomed = dying(healthy, call, when)
        try:
            doomed.start()
            eventually(lambda: not doomed.alive(), f"the death of {service}", 180)
            assert doomed.child is not None
            assert doomed.child.returncode == -signal.SIGKILL, healthy.log.read_text()[-2000:]
        finally:
            doomed.kill()
            healthy.start()
        load.wait_for(20)
    stage.check_nothing_lost_or_repeated(load)


@pytest.mark.parametrize("service", ["gateway", "coaching"])
def test_any_service_may_be_killed_under_load(stage: Stage, service: str) -> None:
    with stage.load() as load:
        load.wait_for(20)
        stage.product.processes[service].kill()
        stage.product.processes[service].start()
        load.wait_for(20)
    stage.check_nothing_lost_or_repeated(load)


@pytest.mark.long  # the relay's own case of it is always run
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


@pytest.mark.long
def test_brokers_that_come_and_go_leave_no_file_or_thread_behind(stage: Stage) -> None:
    """Each process has the small file limit of many systems. The second restart must cost no more than the first."""
    held = [psutil.Process(process.child.pid) for process in stage.product.processes.values() if process.child]
    for process in held:
        process.rlimit(psutil.RLIMIT_NOFILE, (1_024, 1_024))
    counted: list[dict[str, tuple[int, int]]] = []
    with stage.load() as load:
        for _ in range(3):
            stage.rabbitmq.stop()
            stage.rabbitmq.start()
            load.wait_for(20)
            stage.product.ready(120)
            counted.append({str(process.pid): (process.num_fds(), process.num_threads()) for process in held})
    for pid, (files, threads) in counted[0].items():
        assert counted[-1][pid][0] <= files + 10, counted
        assert counted[-1][pid][1] <= threads + 10, counted
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


def test_a_refused_policy_is_a_task_and_is_tried_again_when_somebody_asks(stage: Stage) -> None:
    """The exit is corrected to a day after the orientation: no journey can open on the day of the acceptance, but it can today."""
    product, person, orientation = stage.product, str(uuid4()), str(uuid4())
    met = {"person": person, "channel": "RUE", "place": "Marché", "radar": "NON_INSCRIT"}
    left = {"person": person, "exit_on": "2024-03-02", "reason": "DEMANDE", "outcomes": []}
    sent = {"orientation": orientation, "person": person, "kind": "CCAS", "needs": [], "urgency": False, "consent": True}
    product.must("IdentifyPerson", met, time=march(1))
    product.must("OpenJourney", {"person": person, "referent": "coach-1"}, time=march(2))
    product.must("ExitJourney", left, time=march(3))
    product.must("GrantRenewal", {"person": person}, role="coordinator", time=march(4))
    product.must("CorrectExit", left | {"exit_on": "2024-03-20", "why": "SAISIE"}, time=march(21))
    product.must("ReceiveOrientation", sent, role="prescriber", organisation="ccas", time=march(5))
    product.must("AcceptOrientation", {"orientation": orientation, "referent": "coach-2"}, time=march(6))
    eventually(lambda: tasks(stage, person), "the refusal is a task")
    (task,) = tasks(stage, person)
    assert task["code"] == "renewal_not_granted"
    assert product.tool("dead", "list").stdout == ""
    product.must("RetryTask", {"task": task["id"]})
    eventually(lambda: ranks(stage, person) == [1, 2], "the journey of rank 2")
    eventually(lambda: not tasks(stage, person), "the task ends")


def march(day: int) -> str:
    return f"2024-03-{day:02}T10:00:00+01:00"


def tasks(stage: Stage, person: str) -> list[dict[str, str]]:
    return [task for task in stage.product.get("/v1/tasks", role="coordinator").json()["items"] if task["person"] == person]


def ranks(stage: Stage, person: str) -> list[int]:
    return [e["data"]["rank"] for e in stage.history() if e["type"].endswith("JourneyOpened") and e["data"]["person"] == person]
