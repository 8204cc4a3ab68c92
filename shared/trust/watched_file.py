"""A file whose content may be replaced while a process runs."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")
log = logging.getLogger(__name__)

LOOK_INTERVAL_S = 1.0  # between two looks whether it has changed
Seen = tuple[int, int, int]


class WatchedFile(Generic[T]):
    """What a file holds, read again when it has changed. While it cannot be read, or makes no sense, what it held before counts.

    `parse` raises ValueError for what makes no sense.
    """

    def __init__(self, path: Path, parse: Callable[[bytes], T]) -> None:
        self.path = path
        self.parse = parse
        self.value: T | None = None
        self.seen: Seen | None = None
        self.said = ""
        self.looked_at = float("-inf")

    def read(self, *, at_once: bool = False) -> T | None:
        """None if it has never held anything. `at_once` looks also if somebody has just looked."""
        now = time.monotonic()
        if at_once or now - self.looked_at >= LOOK_INTERVAL_S:
            self.looked_at = now
            self.look()
        return self.value

    def look(self) -> None:
        try:
            stat = self.path.stat()
            seen = stat.st_ino, stat.st_size, stat.st_ctime_ns  # a change of its rights is one, too
            if seen != self.seen:
                content = self.path.read_bytes()
                self.seen = seen  # not before: what could not be read is looked at again
                self.value, self.said = self.parse(content), ""
        except FileNotFoundError:
            return
        except (OSError, ValueError) as fault:
            self.say(f"{self.path}: {fault}; what it held before counts")

    def say(self, fault: str) -> None:
        """Say once what is wrong."""
        if fault != self.said:
            log.warning("%s", fault)
            self.said = fault
