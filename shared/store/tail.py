"""Waiting for the end of a log to move."""

import threading
import time
from collections.abc import Callable

from shared.message import Position

SHORTEST, LONGEST = 0.002, 0.02  # seconds between two looks at the head: eager at first, then calm


class Tail:
    """Writers of this process wake their readers at once; those of other processes are noticed by looking at the head."""

    def __init__(self, head: Callable[[], Position]) -> None:
        self.head = head
        self.moved = threading.Condition()

    def wake(self) -> None:
        with self.moved:
            self.moved.notify_all()

    def wait(self, after: Position, timeout: float) -> bool:
        deadline = time.monotonic() + timeout
        pause = SHORTEST
        with self.moved:
            while self.head() <= after:
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self.moved.wait(min(pause, left))
                pause = min(pause * 2, LONGEST)
        return True
