"""Waiting for the end of a log to move."""

import threading
import time
from collections.abc import Callable

from shared.message import Position

SHORTEST, LONGEST = 0.002, 0.02  # seconds between two looks at the head: eager at first, then calm


class HeadWatcher:
    """Writers of this process wake their readers at once; those of other processes are noticed by looking at the head.

    A look may take its time, and is made without the lock that a writer needs to wake: `wakes` tells whether one did meanwhile.
    """

    def __init__(self, head: Callable[[], Position]) -> None:
        self.head = head
        self.moved = threading.Condition()
        self.wakes = 0

    def wake(self) -> None:
        with self.moved:
            self.wakes += 1
            self.moved.notify_all()

    def wait(self, after: Position, timeout: float) -> bool:
        deadline = time.monotonic() + timeout
        pause = SHORTEST
        while True:
            seen = self.wakes
            if self.head() > after:
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            with self.moved:
                if self.wakes == seen:
                    self.moved.wait(min(pause, left))
            pause = min(pause * 2, LONGEST)
