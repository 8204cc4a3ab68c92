"""`parcours` commands as forks of a process that has imported the product (`tests/fork_server.py`)."""

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
WITH_ITS_PARENT = ("setpriv", "--pdeathsig", "KILL")  # a killed test session leaves nothing behind

Death = tuple[str, str, int]  # MODULE:NAME, before or after, and the number of the call at which a process kills itself


class ForkServer:
    """Ends with this session, and its forks with it."""

    def __init__(self) -> None:
        assert threading.current_thread() is threading.main_thread(), "what a thread starts ends with it (`WITH_ITS_PARENT`)"
        command = [*WITH_ITS_PARENT, sys.executable, "-m", "tests.fork_server"]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.one_at_a_time = threading.Lock()

    def ask(self, *call: Any) -> Any:
        assert self.process.stdin
        assert self.process.stdout
        with self.one_at_a_time:
            self.process.stdin.write(f"{json.dumps(call)}\n".encode())
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        assert line, "the server of forks has ended"
        return json.loads(line)


@cache
def fork_server() -> ForkServer:
    return ForkServer()


class Fork:
    """A process, with what is used of `subprocess.Popen`."""

    def __init__(self, words: Sequence[str], env: Mapping[str, str], log: Path, death: Death | None = None) -> None:
        self.server = fork_server()
        self.pid: int = self.server.ask("start", dict(env), str(log), list(words), death)
        self.returncode: int | None = None
        self.ended = os.pidfd_open(self.pid)

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self.server.ask("code", self.pid)
            if self.returncode is not None:
                os.close(self.ended)
        return self.returncode

    def wait(self, timeout: float) -> int:
        """Its return code.

        Raises:
            subprocess.TimeoutExpired: it has not ended within `timeout` seconds.
        """
        until = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if (left := until - time.monotonic()) <= 0:
                raise subprocess.TimeoutExpired("parcours", timeout)
            ending = select.poll()
            ending.register(self.ended, select.POLLIN)
            ending.poll(left * 1000)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:  # it is not another process of this id: this one is still there to be waited for
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)
