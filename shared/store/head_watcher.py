"""Waiting until the head of a log moves.

How it works
------------
A reader that has reached the head calls `wait` and sleeps on a condition. Two things end its sleep:

- A writer of this process calls `wake` after each commit. The reader then reads the head at once.
- A writer of another process cannot wake it, so the reader also reads the head at intervals. The interval doubles from
  MIN_POLL_INTERVAL_S to MAX_POLL_INTERVAL_S: short at first, because the next event often comes soon, then longer, to spare the
  database.

Reading the head is a query and may take long, so the reader does it without holding the condition's lock: a writer that calls `wake`
must never wait for it. A wake that happens between reading the head and starting to sleep would then be missed. `wake_count`
prevents that: the reader notes it before it reads the head, and does not sleep if the count has changed since.
"""

import threading
import time
from collections.abc import Callable

from shared.message import Position

MIN_POLL_INTERVAL_S, MAX_POLL_INTERVAL_S = 0.002, 0.02


class HeadWatcher:
    """Block readers until the log has more events. `read_head` returns the current head."""

    def __init__(self, read_head: Callable[[], Position]) -> None:
        self.read_head = read_head
        self.woken = threading.Condition()
        self.wake_count = 0

    def wake(self) -> None:
        """Wake all readers of this process: a commit was made."""
        with self.woken:
            self.wake_count += 1
            self.woken.notify_all()

    def wait(self, after: Position, timeout: float) -> bool:
        """Block until the head is after position `after`; return False if it is not within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        interval = MIN_POLL_INTERVAL_S
        while True:
            seen = self.wake_count
            if self.read_head() > after:
                return True
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return False
            with self.woken:
                if self.wake_count == seen:
                    self.woken.wait(min(interval, remaining))
            interval = min(interval * 2, MAX_POLL_INTERVAL_S)
