"""The lightest fold that answers a question: how many events of each kind and of each town there are, and where the log ends."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from shared.message import START, Position, Recorded
from shared.store.port import EventStore, pages, pages_as
from tests.bench.alone import Run
from tests.contract.store.writing import open_store

PAGE = 4_096
SHAPE = Recorded  # what is decoded for this fold, by our log and by the peer


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


def shaped(store: EventStore) -> Iterator[Sequence[Any]]:
    """The whole log, in pages of SHAPE."""
    return pages_as(SHAPE, store, START, store.head(), PAGE)


def folded(store: EventStore) -> Tally:
    tally = Tally()
    for page in shaped(store):
        tally.fold(page, page[-1].position)
    return tally


def fold(log: str, models: str) -> Run:
    store = open_store(log)
    return lambda: folded(store).total


def read(log: str, models: str) -> Run:
    """Every event, whole, and nothing done with it."""
    store = open_store(log)
    return lambda: sum(len(page) for page in pages(store, START, store.head()))
