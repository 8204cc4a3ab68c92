"""Do figures get slower as the log grows? Pages, single figures, evidence, timelines, moments of the past and the application of an event.

Read models of logs of several sizes, which are the beginnings of one log, are asked in turns. The floor of each work is the same work on
the smallest log, and the bare reading of all balances of its own: what a page is made of. Nothing that was computed before is used again.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import select

from services.reporting.facts.tables import balance, timeline_entry
from services.reporting.projection.code_version import version
from services.reporting.projection.database import Place
from services.reporting.queries.reports import EXACT, Reports
from shared.address import Address
from shared.message import Position
from shared.store.port import EventStore
from tests.bench.floors import is_postgres
from tests.bench.growth import fill
from tests.bench.measuring import Pace, Side, in_turn
from tests.bench.table import OURS, Aim, Line, Table
from tests.contract.store.writing import open_store
from tests.unit.reporting.history import ORNE

TOWN = "alencon"
PERSON = "person/"
AT_ONCE = 5  # pieces of work in one round
BARE = "bare read of its balances"
SAME = 0.67  # of the rate on the smallest log, that on a larger one may be: the noise of a shared machine


class Beginning:
    """The events of a log up to a position."""

    def __init__(self, store: EventStore, until: Position) -> None:
        self.store, self.until = store, until

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def head(self) -> Position:
        return self.until


class Sized:
    """The read models of the beginning of a log, and the work that is measured on them."""

    def __init__(self, place: Place, store: EventStore, size: int) -> None:
        self.store: Any = Beginning(store, store.read_all(size - 1, 1)[0].position)
        self.reports = Reports(place, ORNE, store.read_at, log=self.store)
        self.reports.rebuild(self.store)
        self.quarter = self.reports.quarters()[-2]
        somebody = select(timeline_entry.c.about).where(timeline_entry.c.about.startswith(PERSON)).limit(1)
        with self.reports.models.reading() as connection:
            self.person = str(connection.scalar(somebody)).removeprefix(PERSON)
        self.position = self.reports.position()

    def forget(self) -> None:
        self.reports.figure_sets, self.reports.masked_figures = {}, {}

    def page(self) -> None:
        self.reports.committee(TOWN, self.quarter, audience=EXACT)

    def figure(self) -> None:
        self.reports.figures(TOWN, self.quarter)

    def history(self) -> None:
        self.reports.history("positive_rate", TOWN, EXACT)

    def as_of(self) -> None:
        self.reports.committee(TOWN, self.quarter, audience=EXACT, as_of=str(self.store.head() // 2 + 1))

    def evidence(self) -> None:
        self.reports.evidence("positive_rate", TOWN, self.quarter, audience=EXACT)

    def timeline(self) -> None:
        self.reports.timeline(self.person)

    def apply(self) -> None:
        events = self.store.read_all(self.position, 1)
        self.position = self.reports.apply(events)

    def bare(self) -> None:
        with self.reports.models.engine.connect() as connection:
            connection.execute(select(balance)).all()

    def rate(self, work: Callable[["Sized"], None]) -> float:
        """Pieces of work a second: the median of some."""
        seconds = []
        for _ in range(AT_ONCE):
            self.forget()
            start = time.perf_counter()
            work(self)
            seconds.append(time.perf_counter() - start)
        return 1 / statistics.median(seconds)


WORKS: dict[str, tuple[Callable[[Sized], None], bool]] = {  # and whether it has to be the same in a larger log
    "page of a committee": (Sized.page, True),
    "figures of a quarter": (Sized.figure, True),
    "history of a figure": (Sized.history, True),
    "page as of half of the log": (Sized.as_of, True),
    "evidence of a figure": (Sized.evidence, False),  # it has as many facts as it has
    "timeline of a person": (Sized.timeline, True),
    "one event applied": (Sized.apply, True),
}


def main(name: str, log: str, other: str, pace: Pace, table: Table) -> None:
    total = fill(log, max(pace.sizes) + 2 * AT_ONCE * (pace.rounds + pace.warm))
    assert total > max(pace.sizes)
    with ExitStack() as opened:
        store = opened.enter_context(closing(open_store(log)))
        sized = {size: opened.enter_context(read_models(other, store, size)) for size in sorted(pace.sizes)}
        small = min(sized)
        for work, (function, same) in WORKS.items():
            sides: dict[str, Side] = {str(size): side(each, function) for size, each in sized.items()}
            bare = {f"{size} bare": side(each, Sized.bare) for size, each in sized.items()} if function is Sized.page else {}
            rates = in_turn(sides | bare, pace)
            for size in sized:
                beside = {f"{small:,} in the log": rates[str(small)]} if size != small else {}
                beside |= {BARE: rates[f"{size} bare"]} if bare else {}
                aims = (Aim(f"{small:,} in the log", SAME),) if same and size != small else ()
                table.add(Line(name, f"{work}, {size:,} in the log", {OURS: rates[str(size)], **beside}, aims, note="the smallest"))


def side(sized: Sized, work: Callable[[Sized], None]) -> Side:
    return lambda: sized.rate(work)


@contextmanager
def read_models(other: str, store: EventStore, size: int) -> Iterator[Sized]:
    if is_postgres(other):
        place = Place(Address(other), f"figures_{size}", version())
    else:
        place = Place(Address(f"sqlite:///{Path(other).with_suffix(f'.{size}.sqlite')}"), None, version())
    sized = Sized(place, store, size)
    yield sized
    sized.reports.close()
