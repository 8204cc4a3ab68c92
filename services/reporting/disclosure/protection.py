"""Whether what is shown of a cluster gives away a number of a few people.

How it works
------------
A number of a few people (1 to 4) is safe if at least as many values of it are possible as there are few numbers. A value is possible if
there is another history that shows the same with this value. Such histories are looked for in *moves*: some people are counted in another
territory or quarter, and either they are in another part of their total (one part gains what another loses), or the total has more or
fewer of them (and one part of each of its families). Each move is a circulation (`network`), so its range is exact. There may be more
possible histories than these moves reach, so that too much may be hidden, but never too little.

What is protected: of every shown count its level, its increment and the rest of its total (`few`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from services.reporting.disclosure.bands import Band, Thresholds
from services.reporting.disclosure.families import Cluster, Family
from services.reporting.disclosure.network import UNBOUNDED, ArcKey, Bounds, Network, slack

Grid = list[list[int]]  # by row (the last one is the programme) and column
Signs = dict[str, int]  # +1 for a count or a rest that gains what moves, -1 for one that loses it
REST = "rest of "


class Counted(Struct, frozen=True):
    """The numbers of one count: `increments` and `levels` by row and column. `grows` says that an increment is never negative."""

    increments: Grid
    levels: Grid
    grows: bool

    def at(self, key: ArcKey) -> int:
        kind, row, column = key
        return (self.increments if kind == "increment" else self.levels)[row][column]


def moves(cluster: Cluster) -> Iterator[Signs]:
    """Every way of moving people between parts, then as many ways of moving the total as a family has parts."""
    for number, family in enumerate(cluster.families):
        for gains in range(family.parts):
            for loses in range(gains + 1, family.parts):
                yield signs_of(number, family, {gains: 1, loses: -1})
    if not cluster.families:
        yield {cluster.total: 1}
        return
    for chosen in range(max(family.parts for family in cluster.families)):
        signs = {cluster.total: 1}
        for number, family in enumerate(cluster.families):
            signs |= signs_of(number, family, {chosen % family.parts: 1})
        yield signs


def signs_of(number: int, family: Family, parts: Mapping[int, int]) -> Signs:
    """What changes when parts of a family do: shown counts and their rests, and the parts themselves, which cannot fall below 0."""
    signs = {name: sum(parts.get(part, 0) for part in of) for name, of in family.counts}
    signs |= {rest_name(name): sum(parts.values()) - sign for name, sign in signs.items()}
    signs |= {part_name(number, part): sign for part, sign in parts.items()}
    return {name: sign for name, sign in signs.items() if sign}


def rest_name(count: str) -> str:
    """Of a total, those who are not in a count."""
    return f"{REST}{count}"


def part_name(family: int, part: int) -> str:
    return f"part {family}.{part}"


def is_figure(cluster: Cluster, counts: Counted, key: ArcKey) -> bool:
    """Whether a number counts people with a quality: the sum of some quarters does so for the whole year only."""
    kind, _, column = key
    if cluster.kind == "cumulative":
        return kind == "level" or counts.grows
    return kind == "increment" or column == len(counts.levels[0]) - 1


class Protection:
    """The check of one cluster, over the columns of `counted`, which has every count and every part.

    `thresholds` are those of each column.
    `falls` and `rises` say of each how far the number of an arc may go down and up by itself: as far as the band in which it is shown.
    """

    def __init__(self, cluster: Cluster, counted: Mapping[str, Counted], graph: Network, thresholds: Sequence[Thresholds]) -> None:
        self.counted, self.graph, self.thresholds = counted, graph, thresholds
        self.moves = list(moves(cluster))
        self.falls = {name: self.free_falls(counts) for name, counts in counted.items()}
        self.rises = {name: [UNBOUNDED] * len(graph.arcs) for name in counted}
        self.few = [
            (name, key)
            for name, counts in counted.items()
            for key in graph.index
            if is_figure(cluster, counts, key) and thresholds[key[2]].is_few(counts.at(key))
        ]

    def enough(self, key: ArcKey) -> int:
        return self.thresholds[key[2]].enough

    def free_falls(self, counts: Counted) -> list[int]:
        """How far numbers may fall that are not shown: levels, and the increments of what grows, are known not to be negative."""
        return [max(0, counts.at(key)) if key[0] == "level" or counts.grows else UNBOUNDED for key in self.graph.index]

    def show(self, name: str, key: ArcKey, band: Band) -> None:
        arc, number = self.graph.index[key], self.counted[name].at(key)
        self.falls[name][arc] = min(number - band.least, max(0, number)) if not band.hidden else max(0, number)
        self.rises[name][arc] = band.most - number

    def bounds(self, signs: Signs) -> Bounds:
        """How far a move may go on each arc: as far as every count that it changes."""
        falls = [self.falls[name] if sign > 0 else self.rises[name] for name, sign in signs.items()]
        rises = [self.rises[name] if sign > 0 else self.falls[name] for name, sign in signs.items()]
        return [-fall for fall in map(min, *falls, falls[0])], list(map(min, *rises, rises[0]))

    def ranges(self) -> list[tuple[Signs, Bounds]]:
        return [(signs, self.bounds(signs)) for signs in self.moves]

    def given_away(self) -> Iterator[tuple[str, ArcKey]]:
        """The numbers of a few people of which too few values are possible.

        Bands may be widened after each. That takes no value away from the numbers before it, so they are not looked at again.
        """
        ranges = self.ranges()
        for name, key in self.few:
            if self.possible_in(ranges, name, key) < self.enough(key):
                yield name, key
                ranges = self.ranges()

    def possible(self, name: str, key: ArcKey) -> int:
        """How many other values of a number are possible, counted up to enough."""
        return self.possible_in(((signs, self.bounds(signs)) for signs in self.moves if name in signs), name, key)

    def possible_in(self, ranges: Iterable[tuple[Signs, Bounds]], name: str, key: ArcKey) -> int:
        arc, rise, fall, enough = self.graph.index[key], 0, 0, self.enough(key)
        for signs, bounds in ranges:
            sign = signs.get(name)
            if sign is not None:
                rise = max(rise, slack(self.graph, bounds, arc, sign > 0, enough))
                fall = max(fall, slack(self.graph, bounds, arc, sign < 0, enough))
                if rise + fall >= enough:
                    break
        return rise + fall
