"""Measuring the sides of one comparison in turns, so that a slower machine slows all of them down.

How it works
------------
A rate alone means little on a shared machine. Each round measures every side once. The rates of all rounds are kept, and what is reported
is the median of the ratios of the rounds, with the lowest and the highest ratio.

A side is described by a `Setup`, a context manager for a process: it opens the store, and gives an `OpenWorker`, a context manager for
a thread: it opens what the thread needs, and gives the `Work`, a function that does one unit of work. So only the work is measured, by any
number of threads and processes that start together.
"""

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.pool import Pool
from multiprocessing.synchronize import Barrier, Lock
from typing import Any, NamedTuple

Side = Callable[[], float]  # measures one round of one side; returns events a second
Rates = Mapping[str, list[float]]  # the rates of each side, by round
Work = Callable[[], int]  # does one unit of work; returns the number of events
OpenWorker = Callable[[], AbstractContextManager[Work]]  # entered by each thread
Arguments = tuple[Any, ...]  # of a Setup: an address, then whatever it needs
Setup = Callable[..., AbstractContextManager[OpenWorker]]  # entered by each process

START_TIMEOUT_S = 60.0  # for threads and processes that wait for each other before they start


@dataclass(frozen=True)
class Pace:
    """How much is measured, and for how long."""

    rounds: int = 5
    seconds: float = 0.2  # of one round
    events: int = 200_000  # the log that is replayed
    grown: int = 200_000  # the log that is compared with one ten times smaller
    loaded: int = 2_000  # streams of 20 events to load from
    bulk: int = 10_000  # lines of one request
    warm: int = 1  # rounds to warm up, not counted
    requests_rounds: int = 3  # of requests through HTTP
    requests_s: float = 4.0  # of one of them
    heard: int = 60  # commands that followers hear
    followers: tuple[int, ...] = (1, 500, 5_000)
    idle: int = 10_000  # followers who hear nothing
    sizes: tuple[int, ...] = (10_000, 100_000)  # of the logs whose figures are compared


TINY = Pace(
    rounds=1,
    seconds=0.02,
    events=2_000,
    grown=4_000,
    loaded=50,
    bulk=100,
    warm=0,
    requests_rounds=1,
    requests_s=0.2,
    heard=3,
    followers=(1, 5),
    idle=5,
    sizes=(500, 2_000),
)


def in_turn(sides: dict[str, Side], pace: Pace) -> Rates:
    """Measure the sides in order, then in reverse order, and so on, so that the writes of one side do not always delay the same other."""
    rates: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(pace.warm + pace.rounds):
        for name in reversed(sides) if number % 2 else sides:
            measured = sides[name]()
            if number >= pace.warm:
                rates[name].append(measured)
    return rates


def rate(open_worker: OpenWorker, threads: int, seconds: float, ready: Callable[[], object] = lambda: None) -> float:
    """Return events a second of several threads together. The clock starts once each has done one unit and `ready` has returned."""
    counts = [0] * threads
    started = threading.Barrier(threads + 1, timeout=START_TIMEOUT_S)
    end = 0.0

    def run(index: int) -> None:
        with open_worker() as work:
            work()
            started.wait()
            started.wait()
            while time.perf_counter() < end:
                counts[index] += work()

    workers = [threading.Thread(target=run, args=(index,)) for index in range(threads)]
    for worker in workers:
        worker.start()
    started.wait()
    ready()
    start = time.perf_counter()
    end = start + seconds
    started.wait()
    for worker in workers:
        worker.join()
    return sum(counts) / (time.perf_counter() - start)


class Processes:
    """Processes that are reused for all rounds, and start each round together."""

    def __init__(self, pool: Pool, count: int) -> None:
        self.pool = pool
        self.count = count

    def rate(self, setup: Setup, arguments: Arguments, threads: int, seconds: float) -> float:
        return sum(self.pool.starmap(one_process, [(setup, arguments, threads, seconds)] * self.count, chunksize=1))


class Synchronisation(NamedTuple):
    """Between the processes of a pool: they open their setups one after the other, because these create tables, and start together."""

    opening: Lock
    start: Barrier


synchronisations: list[Synchronisation] = []  # set once in each process of a pool


def initialise(opening: Lock, start: Barrier) -> None:
    synchronisations.append(Synchronisation(opening, start))


def one_process(setup: Setup, arguments: Arguments, threads: int, seconds: float) -> float:
    synchronisation = synchronisations[-1]
    with ExitStack() as opened:
        with synchronisation.opening:
            open_worker = opened.enter_context(setup(*arguments))
        return rate(open_worker, threads, seconds, synchronisation.start.wait)


@contextmanager
def processes(count: int) -> Iterator[Processes]:
    context = multiprocessing.get_context("spawn")
    with context.Pool(count, initialise, (context.Lock(), context.Barrier(count, timeout=START_TIMEOUT_S))) as pool:
        yield Processes(pool, count)


def by_threads(setups: Mapping[str, Setup], arguments: Arguments, threads: int, pace: Pace) -> Rates:
    def side(open_worker: OpenWorker) -> Side:
        return lambda: rate(open_worker, threads, pace.seconds)

    with ExitStack() as opened:
        return in_turn({name: side(opened.enter_context(setup(*arguments))) for name, setup in setups.items()}, pace)


def by_processes(setups: Mapping[str, Setup], arguments: Arguments, count: int, threads: int, pace: Pace) -> Rates:
    with processes(count) as pool:

        def side(setup: Setup) -> Side:
            return lambda: pool.rate(setup, arguments, threads, pace.seconds)

        return in_turn({name: side(setup) for name, setup in setups.items()}, pace)
