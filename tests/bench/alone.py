"""A measure in a process of its own: nothing is warm but the disk, and its peak of memory is its own.

Only what a measure names is imported there. The peak is the kernel's for this program: `getrusage` would tell its parent's, when that
was larger at the moment of the fork.
"""

import multiprocessing
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bench.measuring import Side

Run = Callable[[], int]  # how many events it went through
Prepare = Callable[..., Run]  # before the clock runs
PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


def measured(prepare: Prepare, asked: tuple[Any, ...]) -> tuple[float, float]:
    """Events a second, and the peak of memory in MB."""
    run = prepare(*asked)
    start = time.perf_counter()
    count = run()
    rate = count / (time.perf_counter() - start)
    found = PEAK.search(Path("/proc/self/status").read_text())
    assert found
    return rate, int(found[1]) / 1024


class Alone:
    def __init__(self, apply: Callable[..., tuple[float, float]]) -> None:
        self.apply = apply
        self.peaks: dict[str, float] = {}

    def side(self, name: str, prepare: Prepare, *asked: str) -> Side:
        def one() -> float:
            rate, peak = self.apply(measured, (prepare, asked))
            self.peaks[name] = max(peak, self.peaks.get(name, 0.0))
            return rate

        return one


@contextmanager
def alone() -> Iterator[Alone]:
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        yield Alone(pool.apply)
