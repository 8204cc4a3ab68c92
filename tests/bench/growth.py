"""Does a log get slower as it grows? The same work on two logs of the same lives, one ten times longer, turn by turn.

Noise is measured too: the smaller log stands in each round twice. There is no growth when the larger log is no slower, beside the
smaller one, than that one is in the median round beside itself.

Lives are loaded from the larger log in two ways. As many as the smaller one has, and as close together: what differs is the log that
lies around them, so this is what an aim can be about. And any of its lives: ten times as many pages are then in use, which is a
question to the machine's memory as well.
"""

import statistics
from collections import Counter
from contextlib import ExitStack, closing

import psycopg

from tests.bench import ours
from tests.bench.appends import BATCH
from tests.bench.floors import is_postgres
from tests.bench.grown import copies_in, grow, lives, shifted, told
from tests.bench.measuring import Asked, Begin, Pace, Rates, Side, Way, in_turn, rate
from tests.bench.table import OURS, Aim, Line, Table
from tests.contract.store.writing import open_store

SHORTEST, LONGEST = 15, 25  # events of the lives that are loaded
TIMES = 10


def grown(address: str, total: int) -> int:
    with closing(open_store(address)) as store:
        grow(store, total)
        head = store.head()
    if is_postgres(address):
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute("vacuum analyze events")
    return head


def streams(copies: range) -> list[str]:
    """The lives of these copies of the history. The copies of one life lie beside each other, event by event."""
    sizes = Counter(event.subject for event in told() if lives(event))
    wanted = [stream for stream, size in sizes.items() if SHORTEST <= size <= LONGEST]
    return [shifted(stream.encode(), number).decode() for stream in wanted for number in copies]


def main(name: str, small: str, large: str, pace: Pace, table: Table) -> None:
    few, many = grown(small, pace.grown // TIMES), grown(large, pace.grown)
    sizes = f"{many:,} in the log", f"{few:,} in the log"
    for batch in (1, BATCH):
        rates = compared(ours.appends, (small, batch), (large, batch), sizes[1], pace)
        table.add(line(name, f"append of {batch}, {sizes[0]}", rates, sizes[1]))
    here, there = copies_in(pace.grown // TIMES), copies_in(pace.grown)
    for which, copies in {"as many lives": range((there - here) // 2, (there + here) // 2), "any life": range(there)}.items():
        rates = compared(ours.loads, (small, streams(range(here)), SHORTEST), (large, streams(copies), SHORTEST), sizes[1], pace)
        table.add(line(name, f"load of a life, {which}, {sizes[0]}", rates, sizes[1], aimed=which == "as many lives"))


def compared(way: Way, small: Asked, large: Asked, named: str, pace: Pace) -> Rates:
    def side(begin: Begin) -> Side:
        return lambda: rate(begin, 1, pace.seconds)

    with ExitStack() as opened:
        lesser, greater = side(opened.enter_context(way(*small))), side(opened.enter_context(way(*large)))
        return in_turn({named: lesser, OURS: greater, f"{named}, again": lesser}, pace)


def line(name: str, work: str, rates: Rates, named: str, *, aimed: bool = True) -> Line:
    one, again = (rates[side] for side in (named, f"{named}, again"))
    noise = statistics.median(min(first / second, second / first) for first, second in zip(one, again, strict=True))
    return Line(name, work, {OURS: rates[OURS], named: one}, Aim(named, noise) if aimed else None)
