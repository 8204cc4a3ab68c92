"""Blocking code under green threads: it runs beside the hub, never in front of it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]


def green(task: str, folder: Path, *words: str) -> dict[str, Any]:
    command = [sys.executable, "-W", "ignore", "-m", "tests.contract.bus.green", task, str(folder), *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def test_twenty_slow_calls_run_together_while_the_hub_ticks(tmp_path: Path) -> None:
    answer = green("slow_calls", tmp_path)
    assert answer["seconds"] < 1  # 4 s one after the other
    assert answer["ticks"] >= 10
    assert answer["longest"] < 0.15


def test_the_locks_of_a_store_work_across_native_threads(tmp_path: Path) -> None:
    answer = green("group_commit", tmp_path)
    assert answer["head"] == 500
    assert answer["longest"] < 0.3


def test_logging_from_native_and_green_threads_never_hangs(tmp_path: Path) -> None:
    assert green("logging_everywhere", tmp_path)["lines"] == 21 * 200


def test_what_is_imported_in_the_wrong_order_is_refused(tmp_path: Path) -> None:
    early, waits_green = green("order_of_imports", tmp_path)["faults"]
    assert "already imported" in early
    assert "import it after import_native" in waits_green


@pytest.mark.parametrize("broker", ["rabbitmq", "embedded"])
def test_services_of_nameko_reach_blocking_parts_and_their_inbox(broker: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    uri = request.getfixturevalue("rabbitmq_uri") if broker == "rabbitmq" else "embedded://"
    answer = green("services", tmp_path, uri)
    assert answer["answer"] == "WORD"
    assert answer["blocked"] < 2
    assert "nothing of that name" in answer["fault"]
    assert answer["after"] == "ALIVE"
    assert answer["heard"] == ["told"]
    assert answer["seen"] == list(range(1, 51))
    assert answer["healthy"]
    assert answer["idle"] < 0.10


def test_a_question_to_nobody_comes_back_and_a_cut_connection_is_made_again(rabbitmq_uri: str, tmp_path: Path) -> None:
    told = green("asking", tmp_path, rabbitmq_uri)["told"]
    assert told == ["WORD", "nobody is not there.", "WORD", "WORD"]


def test_replies_that_cannot_leave_make_no_service_deaf(rabbitmq_uri: str, tmp_path: Path) -> None:
    """Their callers ask again; the calls they answer are done, and take no room from others. Nor is a lost question waited for."""
    answer = green("lost_replies", tmp_path, rabbitmq_uri)
    late = "two did not answer within 1 s."
    assert answer["told"] == ["WORD", late, late, late, "WORD", "The broker is away: cut"]
    assert answer["kept"] == 0


def test_a_message_that_was_cut_short_is_followed_by_none_on_its_connection(rabbitmq_uri: str, tmp_path: Path) -> None:
    """Half a frame may have left: what comes behind it would be read as its other half. And nothing is left open at the end."""
    answer = green("half_a_message", tmp_path, rabbitmq_uri)
    assert answer == {"cut": True, "kept": False, "connected": [False, False], "left": False}
