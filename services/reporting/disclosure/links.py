"""Counts that say again, in another form, what another cluster shows.

How it works
------------
Clusters are decided one by one. Three counts repeat those of another cluster, as long as nobody is renewed, neutralised or transferred:

- who has a positive exit in a quarter is by how many more people have one than before;
- who is to be asked after six months was to be asked after three months, in the quarter before;
- whose journey is open is who was coached and has not left.

So these are decided after what they repeat, and are shown no more precisely than what is shown there tells: then they tell nothing more.
What is told there is known here, which `disclose` takes into account. Where somebody was renewed, so that the number is not what is told,
its band holds both, in steps: with the numbers of the other territories, it would give away theirs.
"""

from collections.abc import Mapping, Sequence
from functools import reduce

from services.reporting.disclosure.bands import HIDDEN, Band, exactly
from services.reporting.disclosure.disclose import Told
from services.reporting.disclosure.families import Cluster
from services.reporting.disclosure.network import UNBOUNDED

Rows = tuple[Band, ...]  # the bands of a count by row, the programme last
COHORT, EXITS, POSITIVE, POSITIVE_EXITS = "cohort", "positive_rate_on_exits.denominator", "positive", "positive_rate_on_exits.numerator"
M3, M6, OPEN = "follow_up_m3.denominator", "follow_up_m6.denominator", "journeys_open.numerator"
REPEATING = {EXITS: 1, M6: 1, OPEN: 2}
"""The clusters that repeat another one, by total: in which round they are decided. The others are decided before, in round 0."""


def in_order(clusters: Sequence[Cluster]) -> list[Cluster]:
    return sorted(clusters, key=lambda cluster: REPEATING.get(cluster.total, 0))


class Shown:
    """What is shown so far, and what follows from it: the bands of each count over some quarters, by count and quarters."""

    def __init__(self, years: Sequence[Sequence[int]]) -> None:
        self.year_columns = [tuple(year) for year in years]
        self.rows: dict[str, dict[tuple[int, ...], Rows]] = {}

    def note(self, columns: tuple[int, ...], public: Mapping[str, Mapping[str, Band]], territories: Sequence[str]) -> None:
        """Note what is shown of the counts of a cluster, by place, over these quarters."""
        for name in public[territories[0]]:
            self.rows.setdefault(name, {})[columns] = tuple(public[place][name] for place in territories)

    def of(self, cluster: Cluster, columns: tuple[int, ...]) -> Told:
        """What other clusters tell of the counts of this one, over these quarters."""
        return tuple((name, told) for name in cluster.counts if (told := self.told(name, columns)) is not None)

    def told(self, name: str, columns: tuple[int, ...]) -> Rows | None:
        """What is known of a count over these quarters from what another cluster shows; None if it repeats none."""
        first, last = columns[0], columns[-1]
        if name == POSITIVE_EXITS and POSITIVE in self.rows:
            levels = self.rows[POSITIVE]
            return difference(levels[last,], levels[first - 1,]) if first else levels[last,]
        if name == M6 and M3 in self.rows:
            return self.counted(M3, [column - 1 for column in columns if column])
        if name == OPEN and self.rows.keys() >= {COHORT, EXITS}:
            return difference(self.rows[COHORT][last,], self.counted(EXITS, range(last + 1)))
        return None

    def counted(self, name: str, columns: Sequence[int]) -> Rows:
        """The sum of what was counted in these quarters, as their bands and those of whole years tell."""
        shown, left = self.rows[name], set(columns)
        rows: Rows = (exactly(0),) * len(next(iter(shown.values())))
        for year in self.year_columns:
            if left.issuperset(year) and year in shown:
                quarters = reduce(sums, (shown[column,] for column in year))
                rows, left = sums(rows, tuple(map(common, quarters, shown[year]))), left - set(year)
        return reduce(sums, (shown[column,] for column in left), rows)


def sums(ones: Rows, others: Rows) -> Rows:
    return tuple(Band(one.least + other.least, min(UNBOUNDED, one.most + other.most)) for one, other in zip(ones, others, strict=True))


def difference(ones: Rows, others: Rows) -> Rows:
    return tuple(
        HIDDEN if one.hidden else Band(max(0, one.least - other.most), max(0, one.most - other.least))
        for one, other in zip(ones, others, strict=True)
    )


def common(one: Band, other: Band) -> Band:
    return Band(max(one.least, other.least), min(one.most, other.most))
