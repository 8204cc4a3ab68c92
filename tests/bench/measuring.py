"""Sides of one comparison, measured turn by turn: a machine that slows down slows all of them.

A rate alone says nothing on a shared machine. What is kept of each side is its rate in every round, and what is told is the median of
the ratios of the rounds, with the lowest and the highest beside it.
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

Side = Callable[[], float]  # one round of one side: events a second
Rates = Mapping[str, list[float]]  # each side's rounds
Work = Callable[[], int]  # one unit of work: how many events it was
Begin = Callable[[], AbstractContextManager[Work]]  # entered by each thread
Asked = tuple[Any, ...]  # an address, and what is asked there
Way = Callable[..., AbstractContextManager[Begin]]  # entered by each process, with what is asked

PATIENCE = 60.0  # seconds that threads and processes wait for each other before they begin


@dataclass(frozen=True)
class Pace:
    """How much is measured, and how long."""

    rounds: int = 5
    seconds: float = 0.2
    events: int = 200_000  # the log that is replayed
    grown: int = 200_000  # the log beside one ten times smaller
    loaded: int = 2_000  # streams of 20 events to load from
    warm: int = 1  # rounds that are not counted


TINY = Pace(rounds=1, seconds=0.02, events=2_000, grown=4_000, loaded=50, warm=0)


def in_turn(sides: dict[str, Side], pace: Pace) -> Rates:
    """Forwards and backwards, so that what one side leaves to the disk does not always fall on the same next one."""
    rates: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(pace.warm + pace.rounds):
        for name in reversed(sides) if number % 2 else sides:
            measured = sides[name]()
            if number >= pace.warm:
                rates[name].append(measured)
    return rates


def rate(begin: Begin, threads: int, seconds: float, ready: Callable[[], object] = lambda: None) -> float:
    """Events a second that so many threads manage together, once each has done one unit and `ready` has come back."""
    counts = [0] * threads
    begun = threading.Barrier(threads + 1, timeout=PATIENCE)
    until = 0.0

    def run(index: int) -> None:
        with begin() as work:
            work()
            begun.wait()
            begun.wait()
            while time.perf_counter() < until:
                counts[index] += work()

    workers = [threading.Thread(target=run, args=(index,)) for index in range(threads)]
    for worker in workers:
        worker.start()
    begun.wait()
    ready()
    start = time.perf_counter()
    until = start + seconds
    begun.wait()
    for worker in workers:
        worker.join()
    return sum(counts) / (time.perf_counter() - start)


class Processes:
    """Processes that stay, and begin each round together."""

    def __init__(self, pool: Pool, count: int) -> None:
        self.pool = pool
        self.count = count

    def rate(self, way: Way, asked: Asked, threads: int, seconds: float) -> float:
        return sum(self.pool.starmap(one_process, [(way, asked, threads, seconds)] * self.count, chunksize=1))


class Meeting(NamedTuple):
    """Of the processes of a pool: they open one after the other, as no two may make the same table, and begin together."""

    opening: Lock
    begun: Barrier


meetings: list[Meeting] = []  # this process's own, when it is one of several


def meet(opening: Lock, begun: Barrier) -> None:
    meetings.append(Meeting(opening, begun))


def one_process(way: Way, asked: Asked, threads: int, seconds: float) -> float:
    meeting = meetings[-1]
    with ExitStack() as opened:
        with meeting.opening:
            begin = opened.enter_context(way(*asked))
        return rate(begin, threads, seconds, meeting.begun.wait)


@contextmanager
def processes(count: int) -> Iterator[Processes]:
    spawning = multiprocessing.get_context("spawn")
    with spawning.Pool(count, meet, (spawning.Lock(), spawning.Barrier(count, timeout=PATIENCE))) as pool:
        yield Processes(pool, count)


def by_threads(ways: Mapping[str, Way], asked: Asked, threads: int, pace: Pace) -> Rates:
    def side(begin: Begin) -> Side:
        return lambda: rate(begin, threads, pace.seconds)

    with ExitStack() as opened:
        return in_turn({name: side(opened.enter_context(way(*asked))) for name, way in ways.items()}, pace)


def by_processes(ways: Mapping[str, Way], asked: Asked, count: int, threads: int, pace: Pace) -> Rates:
    with processes(count) as many:

        def side(way: Way) -> Side:
            return lambda: many.rate(way, asked, threads, pace.seconds)

        return in_turn({name: side(way) for name, way in ways.items()}, pace)
