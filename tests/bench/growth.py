"""Does a log get slower as it grows? The same work on two logs with copies of the same history, one of them ten times larger, in turns.

The noise is measured too: each round measures the smaller log twice. The aim is met if the ratio of the larger log to the smaller one is
no worse than that of the two measurements of the smaller one, in the median round.

Streams are loaded from the larger log in two ways. "As many lives": as many streams as the smaller log has, and as close together, so that
only the size of the log around them differs; the aim is about these. "Any life": any stream of the larger log, which has ten times as many
pages in use and therefore measures the memory of the machine as well.
"""

import statistics
from collections import Counter
from contextlib import ExitStack, closing

import psycopg

from tests.bench import ours
from tests.bench.appends import BATCH
from tests.bench.floors import is_postgres
from tests.bench.grown_log import copies_in, grow, history, is_copied, shift_identifiers
from tests.bench.measuring import Arguments, OpenWorker, Pace, Rates, Setup, Side, in_turn, rate
from tests.bench.table import OURS, Aim, Line, Table
from tests.contract.store.writing import open_store

MIN_EVENTS, MAX_EVENTS = 15, 25  # of the streams that are loaded
SIZE_RATIO = 10


def fill(address: str, total: int) -> int:
    """Fill a log with at least `total` events; return its head."""
    with closing(open_store(address)) as store:
        grow(store, total)
        head = store.head()
    if is_postgres(address):
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute("vacuum analyze events")
    return head


def streams(copies: range) -> list[str]:
    """Return the streams of these copies of the history. The copies of one event are adjacent in the log."""
    sizes = Counter(event.subject for event in history() if is_copied(event))
    selected = [stream for stream, size in sizes.items() if MIN_EVENTS <= size <= MAX_EVENTS]
    return [shift_identifiers(stream.encode(), number).decode() for stream in selected for number in copies]


def main(name: str, small: str, large: str, pace: Pace, table: Table) -> None:
    small_size, large_size = fill(small, pace.grown // SIZE_RATIO), fill(large, pace.grown)
    sizes = f"{large_size:,} in the log", f"{small_size:,} in the log"
    for batch in (1, BATCH):
        rates = compared(ours.appends, (small, batch), (large, batch), sizes[1], pace)
        table.add(line(name, f"append of {batch}, {sizes[0]}", rates, sizes[1]))
    small_copies, large_copies = copies_in(pace.grown // SIZE_RATIO), copies_in(pace.grown)
    as_many = range((large_copies - small_copies) // 2, (large_copies + small_copies) // 2)
    small_arguments = (small, streams(range(small_copies)), MIN_EVENTS)
    for which, copies in {"as many lives": as_many, "any life": range(large_copies)}.items():
        rates = compared(ours.loads, small_arguments, (large, streams(copies), MIN_EVENTS), sizes[1], pace)
        table.add(line(name, f"load of a life, {which}, {sizes[0]}", rates, sizes[1], aimed=which == "as many lives"))


def compared(setup: Setup, small: Arguments, large: Arguments, named: str, pace: Pace) -> Rates:
    def side(open_worker: OpenWorker) -> Side:
        return lambda: rate(open_worker, 1, pace.seconds)

    with ExitStack() as opened:
        small_side, large_side = side(opened.enter_context(setup(*small))), side(opened.enter_context(setup(*large)))
        return in_turn({named: small_side, OURS: large_side, f"{named}, again": small_side}, pace)


def line(name: str, work: str, rates: Rates, named: str, *, aimed: bool = True) -> Line:
    one, again = (rates[side] for side in (named, f"{named}, again"))
    noise = statistics.median(min(first / second, second / first) for first, second in zip(one, again, strict=True))
    return Line(name, work, {OURS: rates[OURS], named: one}, (Aim(named, noise),) if aimed else ())
