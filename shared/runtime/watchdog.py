"""Ends a process whose green threads no longer take turns, so that whoever started it starts it again.

Everything that fails is started again inside the process. What is left is a call that blocks the one thread on which all green threads
run: the process then answers nothing, and no exception tells anybody. A green thread counts, a native one looks whether it does.
A machine that slept, or a process that was stopped and continued, is no such case: both threads were away.
"""

import faulthandler
import os
import sys
from typing import Any

import eventlet
from eventlet.patcher import original

from shared.runtime.native_threads import green_only

green_only(__name__)

LIMIT = 60  # looks at which nothing was counted: every wait of ours is shorter
INTERVAL_S = 1.0  # between two of them
EXIT_CODE = 1
threading: Any = original("threading")
time: Any = original("time")


class Watchdog:
    def __init__(self, limit: int = LIMIT, interval: float = INTERVAL_S) -> None:
        self.limit, self.interval = limit, interval
        self.turns = 0

    def start(self) -> None:
        eventlet.spawn(self.count)
        threading.Thread(target=self.look, name="watchdog", daemon=True).start()

    def count(self) -> None:
        while True:
            self.turns += 1
            eventlet.sleep(self.interval / 2)

    def look(self) -> None:
        last, silent = -1, 0
        while silent < self.limit:
            time.sleep(self.interval)
            silent = silent + 1 if self.turns == last else 0
            last = self.turns
        os.write(2, b"nothing of this process takes turns any more; it ends. What its threads do:\n")
        if sys.__stderr__ is not None:
            faulthandler.dump_traceback(sys.__stderr__)
        os._exit(EXIT_CODE)
