"""What the KurrentDB adapter and its client cost, on a server that keeps all in memory. Of the speed of a server it says nothing."""

import time
from contextlib import closing
from dataclasses import replace

from tests.bench import light, ours
from tests.bench.appends import BATCH, LIFE, filled, writers
from tests.bench.measuring import Pace, Side, Way, by_threads, in_turn
from tests.bench.table import OURS, Line, Table
from tests.contract.store.writing import open_store

NAME, LABEL = "kurrent", "simulated: the wire, no durability"


def main(address: str, pace: Pace, table: Table) -> None:
    pace = replace(pace, rounds=1, warm=0)  # a figure of no server needs no median
    streams = filled(address, pace.loaded // 10)
    loads: dict[str, Way] = {OURS: ours.loads}
    table.add(Line(NAME, f"load of a stream of {LIFE}", by_threads(loads, (address, streams, LIFE), 1, pace), note=LABEL))
    table.add(Line(NAME, f"light fold of {len(streams) * LIFE:,}", in_turn({OURS: folding(address)}, pace), note=LABEL))
    appends: dict[str, Way] = {OURS: ours.appends}
    for threads, size in ((1, 1), (8, 1), (1, BATCH)):
        rates = by_threads(appends, (address, size), threads, pace)
        table.add(Line(NAME, f"append of {size}, {writers(threads)}", rates, note=LABEL))


def folding(address: str) -> Side:
    def fold() -> float:
        start = time.perf_counter()
        with closing(open_store(address)) as store:
            return light.folded(store).total / (time.perf_counter() - start)

    return fold
