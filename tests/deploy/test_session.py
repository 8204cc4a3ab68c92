"""A test session uses the servers it is given, reports it when there are none, and leaves no process behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.processes import eventually
from tests.servers import GivenPostgres

ROOT = Path(__file__).parent.parent.parent
ONE_TEST = "tests/deploy/test_servers.py::test_a_database_is_gone_after_its_test"


def session(**given: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", ONE_TEST]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **given}, capture_output=True, text=True, check=False)


def test_a_given_server_is_used(postgres_server: GivenPostgres) -> None:
    answer = session(PARCOURS_TEST_POSTGRES=postgres_server.dsn)
    assert answer.returncode == 0, answer.stdout


def test_a_session_without_its_server_ends_and_says_why() -> None:
    answer = session(PARCOURS_TEST_POSTGRES="postgresql://nobody:x@127.0.0.1:1/none")
    assert answer.returncode == 3
    assert "no server answers at PARCOURS_TEST_POSTGRES" in answer.stdout + answer.stderr


STARTED = "import time; from tests.servers import {server}; it = {server}(); print(it.folder.path, flush=True); time.sleep(300)"


def mentioning(folder: str) -> list[str]:
    """The processes that still know this folder, by their command or their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if folder in " ".join([*process.cmdline(), *process.environ().values()]):
                found.append(process.name())
        except psutil.Error:
            continue  # it ended while we looked
    return found


@pytest.mark.parametrize("server", ["PostgresServer", "RabbitmqServer"])
def test_a_killed_session_leaves_no_server_behind(server: str) -> None:
    code = STARTED.format(server=server)
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        folder = child.stdout.readline().strip()
        assert mentioning(folder)
        child.send_signal(signal.SIGKILL)
    eventually(lambda: not mentioning(folder), f"the end of {server}", seconds=30)
    subprocess.run(["rm", "-rf", folder], check=True)
