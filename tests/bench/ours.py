"""The log of the product, through its port."""

import random
from collections.abc import Iterator
from contextlib import closing, contextmanager

from shared.errors import Conflict
from shared.store.port import Append, EventStore, NewEvent
from tests.bench.floors import stream_name
from tests.bench.measuring import Begin, Work
from tests.bench.samples import TYPE, Row, batches
from tests.contract.store.writing import open_store


def appended(rows: list[Row]) -> Append:
    return Append(stream_name(rows[0]), rows[0].version - 1, [NewEvent(row.id, TYPE, row.body) for row in rows])


@contextmanager
def appends(address: str, size: int, spread: bool = False) -> Iterator[Begin]:
    """Events for one stream in an append, or an append for each event and all of them in one call."""
    with closing(open_store(address)) as store:
        yield appending(store, size, spread)


def appending(store: EventStore, size: int, spread: bool = False) -> Begin:
    @contextmanager
    def begin() -> Iterator[Work]:
        made = batches(size, spread)

        def one() -> int:
            store.append(appended(next(made)))
            return size

        def many() -> int:
            outcomes = store.append_many([appended([row]) for row in next(made)])
            assert not any(isinstance(outcome, Conflict) for outcome in outcomes)
            return size

        yield many if spread else one

    return begin


@contextmanager
def loads(address: str, streams: list[str], size: int) -> Iterator[Begin]:
    """Streams of at least `size` events, in no order: what a command does first."""
    with closing(open_store(address)) as store:

        @contextmanager
        def begin() -> Iterator[Work]:
            chance = random.Random(1)

            def work() -> int:
                assert len(store.read_stream(chance.choice(streams))) >= size
                return 1

            yield work

        yield begin
