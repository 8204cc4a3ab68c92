"""In a process patched by eventlet gRPC hangs, unless it is imported and called in native threads as the bridge does.

The server is simulated: this tests the client and the protocol, but says nothing about durability.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kurrent.security import Security
from tests.kurrent.server import Simulated


@pytest.mark.parametrize("security", ["plain", "tls"])
def test_a_patched_process_appends_reads_and_waits_while_green_threads_run(security: str, tmp_path: Path) -> None:
    server = Simulated(security=Security(tmp_path) if security == "tls" else None)
    command = [sys.executable, "-W", "ignore", "-m", "tests.kurrent.green", server.uri]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    server.stop()
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    assert (answer["appended"], answer["read"], answer["stream"]) == (200, 399, 3)
    assert answer["head"]
    assert answer["woken"]
    assert answer["idle"] >= 10  # green threads run while a native thread waits for the subscription
    assert answer["longest"] < 1
