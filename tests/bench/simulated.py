"""The cost of the KurrentDB adapter and its client, on a simulated server in memory. This says nothing about the speed of a server."""

import time
from contextlib import closing
from dataclasses import replace

from tests.bench import light_fold, ours
from tests.bench.appends import BATCH, STREAM_SIZE, fill_streams, writers
from tests.bench.measuring import Pace, Setup, Side, by_threads, in_turn
from tests.bench.table import OURS, Line, Table
from tests.contract.store.writing import open_store

NAME, LABEL = "kurrent", "simulated: the wire, no durability"


def main(address: str, pace: Pace, table: Table) -> None:
    pace = replace(pace, rounds=1, warm=0)  # one round is enough for an indication
    streams = fill_streams(address, pace.loaded // 10)
    loads: dict[str, Setup] = {OURS: ours.loads}
    table.add(Line(NAME, f"load of a stream of {STREAM_SIZE}", by_threads(loads, (address, streams, STREAM_SIZE), 1, pace), note=LABEL))
    table.add(Line(NAME, f"light fold of {len(streams) * STREAM_SIZE:,}", in_turn({OURS: light_fold_side(address)}, pace), note=LABEL))
    appends: dict[str, Setup] = {OURS: ours.appends}
    for threads, size in ((1, 1), (8, 1), (1, BATCH)):
        rates = by_threads(appends, (address, size), threads, pace)
        table.add(Line(NAME, f"append of {size}, {writers(threads)}", rates, note=LABEL))


def light_fold_side(address: str) -> Side:
    def fold() -> float:
        start = time.perf_counter()
        with closing(open_store(address)) as store:
            return light_fold.folded(store).total / (time.perf_counter() - start)

    return fold
