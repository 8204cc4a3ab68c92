"""Forks `parcours` commands, each a process of its own. Most of what a start costs is importing the product: that is done once, here.

    python -m tests.fork_server

Each line of its input is a call in JSON, and each line of its output the answer (`tests/forks.py` has the other end):

    ["start", {environment}, "FILE OF OUTPUT", [words of the command…], null or [MODULE:NAME, before|after, COUNT]]    the process's id
    ["code", ID]                                                                     its return code, or null while it has not ended

The last member of a start is the call at which the process kills itself (`tests/chaos/dying.py`).
"""

import ctypes
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from services.cli import main, serve
from tests.chaos.dying import arm

PR_SET_PDEATHSIG = 1  # a child ends with this process, and this one with the test


def become(environment: Mapping[str, str], log: str, words: Sequence[str], death: tuple[str, str, int] | None) -> int:
    """Go on as a process of its own."""
    import eventlet.hubs  # not before `serve` has patched the process, and told it to be silent about eventlet

    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    eventlet.hubs.use_hub()  # that of the parent waits for its files with a descriptor that all children would share
    out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for standard, own in ((0, os.open(os.devnull, os.O_RDONLY)), (1, out), (2, out)):
        os.dup2(own, standard)
    os.environ.clear()
    os.environ.update(environment)
    if death:
        arm(*death)
    return main.main(words)


def code_of(child: int) -> int | None:
    ended, status = os.waitpid(child, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


def answer(call: str, *given: Any) -> int | None:
    if call == "code":
        return code_of(*given)
    if child := os.fork():
        return child
    sys.exit(become(*given))


if __name__ == "__main__":
    assert serve.__name__  # its import patches the process first, as the command itself would
    for line in sys.stdin:
        print(json.dumps(answer(*json.loads(line))), flush=True)
