"""Blocking code in a process patched by eventlet: it never stops the green threads."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.servers.certificates import authority

ROOT = Path(__file__).parents[3]


def run_green(task: str, folder: Path, *args: str) -> dict[str, Any]:
    """Run a task of `green.py` in a patched process of its own; returns what it printed."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.contract.bus.green", task, str(folder), *args]
    trusting = {**os.environ, "SSL_CERT_FILE": str(authority().file)}  # nameko's own client knows no options of an address
    done = subprocess.run(command, cwd=ROOT, env=trusting, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def test_twenty_slow_calls_run_at_once_while_green_threads_go_on(tmp_path: Path) -> None:
    answer = run_green("slow_calls", tmp_path)
    assert answer["seconds"] < 1  # 4 s one after the other
    assert answer["ticks"] >= 10
    assert answer["longest"] < 0.15


def test_the_locks_of_a_store_work_across_native_threads(tmp_path: Path) -> None:
    answer = run_green("group_commit", tmp_path)
    assert answer["head"] == 500
    assert answer["longest"] < 0.3


def test_logging_from_native_and_green_threads_never_hangs(tmp_path: Path) -> None:
    assert run_green("logging_everywhere", tmp_path)["lines"] == 21 * 200


def test_imports_in_the_wrong_order_are_refused(tmp_path: Path) -> None:
    early, waits_green, runs_natively = run_green("order_of_imports", tmp_path)["faults"]
    assert "already imported" in early
    assert "import it after import_native" in waits_green
    assert "__main__ runs in native threads" in runs_natively


WITH_TLS_LONG = pytest.mark.parametrize("broker_uri", ["rabbitmq", pytest.param("amqps", marks=pytest.mark.long)], indirect=True)


@pytest.fixture(params=["rabbitmq", "amqps"])
def broker_uri(request: pytest.FixtureRequest) -> str:
    """Without and with TLS, whose authority the process trusts."""
    fixture = {"rabbitmq": "rabbitmq_uri", "amqps": "amqps_uri"}[request.param]
    uri: str = request.getfixturevalue(fixture)
    return uri.partition("?")[0]


@pytest.mark.parametrize("broker", ["rabbitmq", pytest.param("amqps", marks=pytest.mark.long), "embedded"])
def test_nameko_services_reach_blocking_components_and_their_inbox(broker: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    fixtures = {"rabbitmq": "rabbitmq_uri", "amqps": "amqps_uri"}
    uri = request.getfixturevalue(fixtures[broker]).partition("?")[0] if broker in fixtures else "embedded://"
    answer = run_green("services", tmp_path, uri)
    assert answer["answer"] == "WORD"
    assert answer["blocked"] < 2
    assert "no such component" in answer["fault"]
    assert answer["after"] == "ALIVE"
    assert answer["payloads"] == ["payload"]
    assert answer["positions"] == list(range(1, 51))
    assert answer["healthy"]
    assert answer["idle"] < 0.10


def test_a_call_to_a_missing_service_fails_at_once_and_a_cut_connection_is_opened_again(broker_uri: str, tmp_path: Path) -> None:
    replies = run_green("calls_between_services", tmp_path, broker_uri)["replies"]
    assert replies == ["WORD", "nobody is not running", "WORD", "WORD"]


@WITH_TLS_LONG
def test_replies_that_cannot_be_sent_do_not_block_their_service(broker_uri: str, tmp_path: Path) -> None:
    """Such a call is done and occupies no worker, and nothing waits for the reply to a request that could not be sent."""
    answer = run_green("lost_replies", tmp_path, broker_uri)
    late = "two did not answer within 1 s"
    assert answer["replies"] == ["WORD", late, late, late, "WORD", "WORD"]
    assert answer["pending"] == 0


@WITH_TLS_LONG
def test_a_request_whose_connection_is_lost_is_asked_again_at_once(broker_uri: str, tmp_path: Path) -> None:
    """The reply went with the connection. Once more, and no caller waits for what cannot come."""
    answer = run_green("lost_connection", tmp_path, broker_uri)
    assert answer["reply"] == "WORD"
    assert answer["handled"] == ["word", "word", "again"]
    assert (answer["away"], answer["pending"]) == ("the broker is away: nobody listens", 0)


@WITH_TLS_LONG
def test_a_broker_that_falls_silent_is_noticed_and_the_next_address_is_asked(broker_uri: str, tmp_path: Path) -> None:
    """Frozen, or beyond a cut cable, it closes nothing: without heartbeats the caller would wait for ever."""
    answer = run_green("silent_broker", tmp_path, broker_uri)
    assert answer["replies"] == ["BEFORE", "AFTER"]


def test_no_message_follows_one_that_was_cut_short_on_its_connection(rabbitmq_uri: str, tmp_path: Path) -> None:
    """Half a frame may have been sent, and the broker would read the next message as its other half."""
    answer = run_green("half_a_message", tmp_path, rabbitmq_uri)
    assert answer == {"cut": True, "reused": False, "connected": [False, False], "open": False}
