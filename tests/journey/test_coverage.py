"""What real processes have applied is in order through stops and kills, and what a moved checkpoint makes them leave out is named."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from tests.processes import Product, eventually, in_one_process, is_well, running


def coached(product: Product, count: int) -> list[int]:
    """Journeys that open, to which a policy of intake reacts; the positions of that."""
    positions = []
    for _ in range(count):
        person = str(uuid4())
        product.must("IdentifyPerson", {"person": person, "channel": "RUE", "place": "Marché", "radar": "NON_INSCRIT"})
        last = int(product.must("OpenJourney", {"person": person, "referent": "coach-1"})["position"])
        positions.append(last - 1)  # it records two events, of which the first is that
    return positions


def audited(product: Product) -> tuple[int, dict[str, Any]]:
    done = product.tool("audit", "coverage")
    return done.returncode, {line["consumer"]: line for line in map(json.loads, done.stdout.splitlines())}


def faults(consumers: dict[str, Any]) -> dict[str, list[tuple[str, int]]]:
    return {name: [(fault["kind"], fault["position"]) for fault in each["faults"]] for name, each in consumers.items() if each["faults"]}


def test_what_is_applied_is_in_order_through_stops_and_kills_and_a_moved_checkpoint_is_named(tmp_path: Path) -> None:
    with in_one_process(tmp_path) as product:
        coached(product, 2)
    assert audited(product)[0] == 0
    with in_one_process(tmp_path) as product:
        coached(product, 2)
        product.processes["serve"].kill()
    with in_one_process(tmp_path) as product:
        coached(product, 1)
        eventually(lambda: is_well(product.client))
    code, consumers = audited(product)
    assert (code, faults(consumers)) == (0, {})
    assert set(consumers) == {"relay", "intake.inbox", "coaching.inbox", "referrals.inbox", "reporting.inbox"}
    assert consumers["reporting.inbox"]["events"] == consumers["reporting.inbox"]["until"]

    with in_one_process(tmp_path) as product:
        (left_out,) = coached(product, 1)
    with closing(sqlite3.connect(tmp_path / "log.sqlite")) as connection, connection:
        connection.execute("update checkpoints set position = ? where name = 'intake.inbox'", (left_out - 1,))
    code, consumers = audited(product)
    assert (code, faults(consumers)) == (1, {"intake.inbox": [("behind", left_out)]})
    with in_one_process(tmp_path) as product:
        eventually(lambda: is_well(product.client))
        eventually(lambda: 'parcours_coverage_faults{consumer="intake.inbox"} 1.0' in metrics(product))
    code, consumers = audited(product)
    assert (code, faults(consumers)) == (1, {"intake.inbox": [("double", left_out)]})


def metrics(product: Product) -> str:
    return httpx.get(f"{product.client.base_url}/metrics", timeout=10).text


def test_processes_of_their_own_that_are_killed_again_and_again_leave_nothing_out(
    tmp_path: Path, rabbitmq_uri: str, postgres_dsn: str
) -> None:
    env = {"PARCOURS_AMQP_URI": rabbitmq_uri, "PARCOURS_EVENT_STORE": postgres_dsn, "PARCOURS_READ_MODELS": postgres_dsn}
    with running(tmp_path, env) as product:
        for name in ("intake", "relay", "reporting", "coaching"):
            coached(product, 3)
            product.processes[name].kill()
            product.processes[name].start()
        coached(product, 3)
        eventually(lambda: is_well(product.client))
        code, consumers = audited(product)
        assert (code, faults(consumers)) == (0, {})
        assert set(consumers) == {"relay", "feed", "intake.inbox", "coaching.inbox", "referrals.inbox", "reporting.inbox"}
        assert consumers["intake.inbox"]["events"] == 15
        assert {each["after"] for each in consumers.values()} == {0}
