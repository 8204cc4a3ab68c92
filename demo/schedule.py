"""Command lines of many lives, told in the order in which they were recorded.

A chain is one life: its lines are recorded one after the other. `interleave` tells many chains at once; each is resumed only when
its last line was told, so memory follows those who are on their way, not the length of the history.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from heapq import heappop, heappush
from random import Random
from typing import Any
from uuid import UUID, uuid5

from shared.time import PARIS

Line = dict[str, Any]
Actor = dict[str, str]
Said = tuple[datetime, Line]  # when it was recorded, and the line
Source = tuple[date, Iterator[Said]]  # the first day of a life, and its lines

SILENCE: Line = {}
NAMESPACE = UUID("6d1f4f5e-53a5-5f0c-9a3e-0c1f3a4f8b21")
PAUSE = timedelta(minutes=7)  # between two facts of one life on one day
BREATH = timedelta(seconds=40)  # between two recordings of one life


def identifier(*parts: object) -> UUID:
    return uuid5(NAMESPACE, "/".join(map(str, parts)))


class Chain:
    def __init__(self, rng: Random, id: UUID, territory: str) -> None:
        self.rng = rng
        self.id = id
        self.territory = territory
        self.said = 0
        self.time = self.recorded = datetime.min.replace(tzinfo=PARIS)

    def say(self, name: str, day: date, actor: Actor, /, **data: Any) -> Said:
        """One command, recorded minutes to two days after the fact."""
        return self.told(name, self.moment(day), None, actor, data)

    def learn(self, known: date, name: str, day: date, actor: Actor, /, **data: Any) -> Said:
        """One command about a fact that was `known` only much later."""
        return self.told(name, self.moment(day), moment(self.rng, known), actor, data)

    def told(self, name: str, time: datetime, recorded: datetime | None, actor: Actor, data: dict[str, Any]) -> Said:
        self.time = time
        self.recorded = max(recorded or time + self.delay(), time, self.recorded + BREATH)
        self.said += 1
        return self.recorded, {
            "id": str(uuid5(self.id, str(self.said))),
            "type": name,
            "time": time.isoformat(),
            "territory": self.territory,
            "data": data,
            "actor": actor,
            "recorded_time": self.recorded.isoformat(),
        }

    def wait(self, day: date) -> Said:
        """Nothing to say before this day: what comes next may look at how things stand then."""
        self.recorded = max(self.recorded, moment(self.rng, day))
        return self.recorded, SILENCE

    def moment(self, day: date) -> datetime:
        """Two facts of one day follow each other; a fact of an earlier day, learnt late, keeps its own hour."""
        time = moment(self.rng, day)
        return self.time + PAUSE if self.time >= time and self.time.date() == day else time

    def delay(self) -> timedelta:
        """Most facts are recorded within hours, the others within two days."""
        chance = self.rng.random()
        return timedelta(seconds=300 + int(9_000 * chance)) if chance < 0.75 else timedelta(seconds=int(691_200 * (chance - 0.75)))


class Office(Chain):
    """Decisions of the programme: taken one after the other in the early morning, recorded on the spot."""

    def __init__(self, rng: Random, id: UUID, territory: str, minute: int = 0) -> None:
        super().__init__(rng, id, territory)
        self.minute = minute

    def moment(self, day: date) -> datetime:
        return max(datetime(day.year, day.month, day.day, 8, self.minute, tzinfo=PARIS), self.time + BREATH if self.said else self.time)

    def delay(self) -> timedelta:
        return timedelta()


def moment(rng: Random, day: date) -> datetime:
    """Some time in the working hours of a day."""
    minute = int(rng.random() * 480)
    return datetime(day.year, day.month, day.day, 9 + minute // 60, minute % 60, tzinfo=PARIS)


def workday(day: date) -> date:
    """The same day, or the Monday after a weekend."""
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)


def after(rng: Random, day: date, least: int, most: int) -> date:
    """A working day that many days later."""
    return workday(day + timedelta(days=rng.randint(least, most)))


def interleave(sources: Iterable[Source], end: date) -> Iterator[Line]:
    """The lines of all lives by time of recording, up to and including the day `end`. `sources` come by their first day."""
    last = datetime(end.year, end.month, end.day, 23, 59, 59, tzinfo=PARIS)
    told = Told()
    for first, lines in sources:
        yield from told.until(datetime(first.year, first.month, first.day, tzinfo=PARIS), last)
        told.begin(lines)
    yield from told.until(last, last)


class Told:
    """Lives under way: of each, only the next line is known."""

    def __init__(self) -> None:
        self.waiting: list[tuple[datetime, int, Line, Iterator[Said]]] = []
        self.begun = 0

    def begin(self, lines: Iterator[Said]) -> None:
        self.begun += 1
        self.next(lines, self.begun)

    def next(self, lines: Iterator[Said], number: int) -> None:
        said = next(lines, None)
        if said is not None:
            heappush(self.waiting, (said[0], number, said[1], lines))

    def until(self, moment: datetime, last: datetime) -> Iterator[Line]:
        bound = min(moment, last)
        while self.waiting and self.waiting[0][0] <= bound:
            _, number, line, lines = heappop(self.waiting)
            if line:
                yield line
            self.next(lines, number)
