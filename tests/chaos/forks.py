"""Forks `parcours` commands that kill themselves (`dying.py`), one after the other.

    python -m tests.chaos.forks

Each line of its input is [MODULE:NAME, before|after, COUNT, FILE OF OUTPUT, words of the command…] in JSON. It answers with the number of
the process, and with its return code as soon as it has ended.

Most of what a start costs is importing the product. That is done once here; all else that a start does, each process does.
"""

import ctypes
import json
import os
import signal
import sys

import eventlet.hubs
import eventlet.patcher

from services.cli import main
from tests.chaos.dying import arm

PR_SET_PDEATHSIG = 1  # a child ends with this process, and this one with the test


def become(call: str, when: str, count: str, log: str, *words: str) -> int:
    """Go on as a process of its own."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    eventlet.hubs.use_hub()  # that of the parent waits for its files with a descriptor that all children would share
    out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for standard, own in ((0, os.open(os.devnull, os.O_RDONLY)), (1, out), (2, out)):
        os.dup2(own, standard)
    arm(call, when, int(count))
    return main.main(words)


def serve() -> None:
    wait = eventlet.patcher.original("os").waitpid
    for line in sys.stdin:
        if not (child := os.fork()):
            sys.exit(become(*json.loads(line)))
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(wait(child, 0)[1]), flush=True)


if __name__ == "__main__":
    serve()
