"""A measurement in a process of its own: no cache is warm except the disk's, and the peak of memory is that of the measurement alone.

The process imports only what the measurement needs. The peak is read from /proc/self/status; `getrusage` would report the peak of the
parent process if that was larger at the fork.
"""

import multiprocessing
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bench.measuring import Side

Run = Callable[[], int]  # the measured work; returns the number of events
Prepare = Callable[..., Run]  # is not measured
PEAK_KB = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


def measured(prepare: Prepare, arguments: tuple[Any, ...]) -> tuple[float, float]:
    """Return events a second, and the peak of memory in MB."""
    run = prepare(*arguments)
    start = time.perf_counter()
    count = run()
    rate = count / (time.perf_counter() - start)
    match = PEAK_KB.search(Path("/proc/self/status").read_text())
    assert match
    return rate, int(match[1]) / 1024


class OwnProcess:
    """Starts a process for each measurement; `peaks` are the peaks of memory in MB."""

    def __init__(self, apply: Callable[..., tuple[float, float]]) -> None:
        self.apply = apply
        self.peaks: dict[str, float] = {}

    def side(self, name: str, prepare: Prepare, *arguments: str) -> Side:
        def one_round() -> float:
            rate, peak = self.apply(measured, (prepare, arguments))
            self.peaks[name] = max(peak, self.peaks.get(name, 0.0))
            return rate

        return one_round


@contextmanager
def own_process() -> Iterator[OwnProcess]:
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        yield OwnProcess(pool.apply)
