"""Our event log, through its port."""

import random
from collections.abc import Iterator
from contextlib import closing, contextmanager

from shared.errors import Conflict
from shared.store.port import Append, EventStore, NewEvent
from tests.bench.floors import stream_name
from tests.bench.measuring import OpenWorker, Work
from tests.bench.samples import TYPE, Row, batches
from tests.contract.store.writing import open_store


def to_append(rows: list[Row]) -> Append:
    return Append(stream_name(rows[0]), rows[0].version - 1, [NewEvent(row.id, TYPE, row.body) for row in rows])


@contextmanager
def appends(address: str, size: int, spread: bool = False) -> Iterator[OpenWorker]:
    """Append `size` events to one stream in one append; or, if `spread`, each to a stream of its own, in one call of `append_many`."""
    with closing(open_store(address)) as store:
        yield appending(store, size, spread)


def appending(store: EventStore, size: int, spread: bool = False) -> OpenWorker:
    @contextmanager
    def open_worker() -> Iterator[Work]:
        prepared_rows = batches(size, spread)

        def append_one() -> int:
            store.append(to_append(next(prepared_rows)))
            return size

        def append_many() -> int:
            outcomes = store.append_many([to_append([row]) for row in next(prepared_rows)])
            assert not any(isinstance(outcome, Conflict) for outcome in outcomes)
            return size

        yield append_many if spread else append_one

    return open_worker


@contextmanager
def loads(address: str, streams: list[str], size: int) -> Iterator[OpenWorker]:
    """Load random ones of these streams, which have at least `size` events, as a command does first."""
    with closing(open_store(address)) as store:

        @contextmanager
        def open_worker() -> Iterator[Work]:
            generator = random.Random(1)

            def work() -> int:
                assert len(store.read_stream(generator.choice(streams))) >= size
                return 1

            yield work

        yield open_worker
