"""A very light fold: the number of events of each type and of each territory, and the last position."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from shared.message import START, Position, Recorded
from shared.store.port import EventStore, pages, pages_as
from tests.bench.own_process import Run
from tests.contract.store.writing import open_store

PAGE_SIZE = 4_096
SHAPE = Recorded  # the fields that are decoded for this fold, by our log and by the peer


class Tally:
    def __init__(self) -> None:
        self.kinds: dict[str, int] = defaultdict(int)
        self.territories: dict[str, int] = defaultdict(int)
        self.last: Position = START

    def fold(self, events: Sequence[Any], last: Position) -> None:
        kinds, territories = self.kinds, self.territories
        for event in events:
            kinds[event.type] += 1
            territories[event.territory] += 1
        self.last = last

    @property
    def total(self) -> int:
        return sum(self.kinds.values())


def pages_of_log(store: EventStore) -> Iterator[Sequence[Any]]:
    """Yield the whole log in pages, decoded as SHAPE."""
    return pages_as(SHAPE, store, START, store.head(), PAGE_SIZE)


def folded(store: EventStore) -> Tally:
    tally = Tally()
    for page in pages_of_log(store):
        tally.fold(page, page[-1].position)
    return tally


def fold(log: str, models: str) -> Run:
    store = open_store(log)
    return lambda: folded(store).total


def read(log: str, models: str) -> Run:
    """Read and decode every event completely."""
    store = open_store(log)
    return lambda: sum(len(page) for page in pages(store, START, store.head()))
