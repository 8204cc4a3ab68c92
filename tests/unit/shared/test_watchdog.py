"""A process whose green threads are stuck ends, and says where; one that works, or waits, does not."""

import subprocess
import sys

import pytest

PROCESS = """
import eventlet
eventlet.monkey_patch()
from eventlet.patcher import original
from shared.runtime.watchdog import Watchdog

Watchdog(limit=20, interval=0.1).start()
eventlet.sleep(0.3)

def gets_stuck():
    original("time").sleep(60)

{what}
print("done")
"""


def ran(what: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "ignore", "-c", PROCESS.format(what=what)]
    return subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)


def test_one_that_is_stuck_ends_and_says_where() -> None:
    ended = ran("gets_stuck()")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "takes turns" in ended.stderr
    assert "gets_stuck" in ended.stderr


@pytest.mark.parametrize("what", ["eventlet.sleep(3)", "import eventlet.tpool; eventlet.tpool.execute(original('time').sleep, 3)"])
def test_one_that_works_or_waits_goes_on(what: str) -> None:
    ended = ran(what)
    assert (ended.returncode, ended.stdout) == (0, "done\n"), ended.stderr
