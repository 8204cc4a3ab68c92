"""What readers of masked figures are shown of one cluster of counts, quarter by quarter.

How it works
------------
Each quarter is decided once, with what was shown of the quarters before it, and never again: what has been read cannot be taken back. A
number is first shown as its own size asks (`bands.first_band`). Then, as long as a number of a few people is given away
(`protection`), or the territories that are not shown exactly are a few people together, one more band of this quarter is widened: the one
that helps most, the smallest number first. If all are hidden the quarter tells nothing, so this ends.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate

from services.reporting.disclosure.bands import HIDDEN, Band, Thresholds, exactly, first_band, steps, wider
from services.reporting.disclosure.families import Cluster
from services.reporting.disclosure.network import ArcKey, ArcKind, network
from services.reporting.disclosure.protection import Counted, Grid, Protection, part_name, rest_name

Column = tuple[tuple[str, tuple[int, ...]], ...]  # the numbers of one quarter: count and number by row, as the figures have them
Bands = dict[str, tuple[Band, ...]]  # by count, then by row
Cell = tuple[str, int]  # a count and a row of this quarter
Told = tuple[tuple[str, tuple[Band, ...]], ...]  # what other clusters tell of counts, by row
MAX_REMEMBERED = 4_096  # decided quarters


def disclose(
    cluster: Cluster, columns: Sequence[Column], thresholds: Sequence[Thresholds], told: Sequence[Told] | None = None
) -> list[Bands]:
    """The bands of every quarter: of the level of a cumulative count, else of what was counted in the quarter.

    `thresholds` are those of each quarter. What they were when a quarter was decided protects its numbers, now and later. `told` is what
    other clusters tell of the counts of each quarter (`links`).
    """
    if cluster.kind != "cumulative":
        each = zip(columns, thresholds, told or [()] * len(columns), strict=True)
        return [last_bands(cluster, (column,), (own,), known) for column, own, known in each]
    return [last_bands(cluster, tuple(columns[:end]), tuple(thresholds[:end]), ()) for end in range(1, len(columns) + 1)]


@lru_cache(MAX_REMEMBERED)
def last_bands(cluster: Cluster, prefix: tuple[Column, ...], thresholds: tuple[Thresholds, ...], told: Told) -> Bands:
    """The bands of the last of these quarters. They depend on nothing later, so they are remembered."""
    before = disclose(cluster, prefix[:-1], thresholds[:-1]) if len(prefix) > 1 else []
    return Decision(cluster, prefix, before, dict(prefix[-1]), thresholds, dict(told)).decide()


@lru_cache(MAX_REMEMBERED)
def disclose_year(
    cluster: Cluster,
    columns: tuple[Column, ...],
    thresholds: tuple[Thresholds, ...],
    told: tuple[Told, ...] | None = None,
    told_of_year: Told = (),
) -> Bands:
    """The bands of what was counted in all of these quarters, which are decided after those of each."""
    quarters = [dict(column) for column in columns]
    sums = {name: tuple(map(sum, zip(*(quarter[name] for quarter in quarters), strict=True))) for name in quarters[0]}
    before = disclose(cluster, columns, thresholds, told)
    return Decision(cluster, columns, before, sums, thresholds, dict(told_of_year)).decide()


class Decision:
    """The decision of the last quarter of `prefix`, or of them all together if each is decided `before`.

    `numbers` are those to be shown, and `bands` how they are shown so far. What is `told` of a count elsewhere is known here: it is shown
    no more precisely, even where it is not true of the number.
    """

    def __init__(
        self,
        cluster: Cluster,
        prefix: tuple[Column, ...],
        before: list[Bands],
        numbers: dict[str, tuple[int, ...]],
        thresholds: tuple[Thresholds, ...],
        told: Mapping[str, tuple[Band, ...]],
    ) -> None:
        self.told = {(name, row): band for name, rows in told.items() for row, band in enumerate(rows)}
        self.cluster, self.before, self.numbers, self.thresholds = cluster, before, numbers, thresholds[-1]
        self.rows = len(self.numbers[cluster.total])
        of_quarters: ArcKind = "level" if cluster.kind == "cumulative" else "increment"
        self.kind: ArcKind = "level" if len(before) == len(prefix) else of_quarters
        self.column = len(prefix) - 1
        counted = counts(cluster, [dict(column) for column in prefix])
        self.protection = Protection(cluster, counted, network(self.rows, len(prefix)), thresholds)
        self.bands: dict[str, list[Band]] = {name: [HIDDEN] * self.rows for name in self.numbers}
        for column, bands in enumerate(before):
            for name, row in self.cells():
                self.protection.show(name, (of_quarters, row, column), bands[name][row])
        of_total = self.first_bands(cluster.total, None)
        for name in self.numbers:
            for row, band in enumerate(of_total if name == cluster.total else self.first_bands(name, of_total)):
                self.put(name, row, band)

    def cells(self) -> Iterator[Cell]:
        return ((name, row) for name in self.numbers for row in range(self.rows))

    def put(self, name: str, row: int, band: Band) -> None:
        told, number = self.told.get((name, row)), self.numbers[name][row]
        if told is not None:
            own = band if has(told, number) else around(band, steps(number, 2 * self.thresholds.small_cell))
            band = around(own, told)
        self.bands[name][row] = band
        self.protection.show(name, (self.kind, row, self.column), told if told is not None and has(told, number) else band)

    def first_bands(self, name: str, of: tuple[Band, ...] | None) -> tuple[Band, ...]:
        numbers, totals = self.numbers[name], self.numbers[self.cluster.total]
        before = tuple(exactly(number) for number in numbers)
        if self.cluster.kind == "cumulative":
            before = self.before[-1][name] if self.before else (exactly(0),) * len(numbers)
        return tuple(
            first_band(number, total, of[row] if of else None, before[row], self.thresholds)
            for row, (number, total) in enumerate(zip(numbers, totals, strict=True))
        )

    def decide(self) -> Bands:
        self.hide_few_together()
        for name, key in self.protection.given_away():
            self.protect(name, key)
            self.hide_few_together()
        return {name: tuple(bands) for name, bands in self.bands.items()}

    def hide_few_together(self) -> None:
        while (few := self.few_together()) is not None:
            self.widen(*few)

    def protect(self, name: str, key: ArcKey) -> None:
        """Widen bands until enough values of this number are possible: the fewest kinds of bands, then the first that help.

        What was shown of the quarters before may leave too few values whatever is hidden in this one: then nothing more can be done.
        """
        scopes, enough = self.scopes(name), self.protection.enough(key)
        scope = next((scope for scope in scopes if self.possible_with(name, key, scope) >= enough), scopes[-1])
        possible = self.protection.possible(name, key)
        while possible < enough:
            candidates = [(count, row) for count, row in self.ordered(name, key[1], scope) if not self.bands[count][row].hidden]
            if not candidates:
                return
            helpful = (cell for cell in candidates if self.possible_with(name, key, [cell]) > possible)
            self.widen(*next(helpful, candidates[0]))
            possible = self.protection.possible(name, key)

    def scopes(self, name: str) -> list[list[Cell]]:
        """Ever larger sets of bands of this quarter: of the territories first, and of the totals last."""
        rows = range(self.rows)
        programme = rows[-1]
        parts = [count for count in self.numbers if count != self.cluster.total]
        steps = [
            [(name, row) for row in rows if row != programme] if name in self.numbers else [],
            [(count, row) for count in parts for row in rows if row != programme],
            [(self.cluster.total, row) for row in rows if row != programme],
            [(count, programme) for count in parts],
            [(self.cluster.total, programme)],
        ]
        return [[cell for step in steps[: number + 1] for cell in step] for number in range(len(steps))]

    def ordered(self, name: str, row: int, scope: list[Cell]) -> list[Cell]:
        """This count and this territory first, then the smaller numbers."""
        return sorted(scope, key=lambda cell: (cell[0] != name, cell[1] != row, self.numbers[cell[0]][cell[1]]))

    def possible_with(self, name: str, key: ArcKey, hidden: list[Cell]) -> int:
        """How many other values of a number would be possible if these bands were hidden."""
        kept = [(cell, self.bands[cell[0]][cell[1]]) for cell in hidden]
        for cell in hidden:
            self.put(*cell, HIDDEN)
        possible = self.protection.possible(name, key)
        for cell, band in kept:
            self.put(*cell, band)
        return possible

    def widen(self, name: str, row: int) -> None:
        self.put(name, row, wider(self.numbers[name][row], self.bands[name][row], self.thresholds.small_cell))

    def few_together(self) -> tuple[str, int] | None:
        """A territory to widen, where those not shown exactly are a few people together, by difference from the programme."""
        totals = self.numbers[self.cluster.total]
        for name, numbers in self.numbers.items():
            *territories, programme = self.bands[name]
            if not programme.exact:
                continue
            hidden = [row for row, band in enumerate(territories) if not band.exact]
            exact = [row for row, band in enumerate(territories) if band.exact and numbers[row]]
            together = sum(numbers[row] for row in hidden)
            rest = sum(totals[row] - numbers[row] for row in hidden)
            if hidden and exact and (self.thresholds.is_few(together) or (name != self.cluster.total and self.thresholds.is_few(rest))):
                return name, min(exact, key=lambda row: numbers[row])
        return None


def has(band: Band, number: int) -> bool:
    return band.least <= number <= band.most


def around(one: Band, other: Band) -> Band:
    """The band that holds both."""
    return Band(min(one.least, other.least), max(one.most, other.most))


def counts(cluster: Cluster, columns: list[dict[str, tuple[int, ...]]]) -> Mapping[str, Counted]:
    """Every count of a cluster and its rest, and every part of its families, with increments and levels."""
    grids = {name: [[column[name][row] for column in columns] for row in range(len(columns[0][name]))] for name in columns[0]}
    found = {name: counted(grid, cluster, grows=True) for name, grid in grids.items()}
    for number, family in enumerate(cluster.families):
        known = dict[int, Grid]()
        for name, parts in sorted(family.counts, key=lambda item: len(item[1])):
            unknown = [part for part in parts if part not in known]
            if len(unknown) == 1:
                known[unknown[0]] = minus(grids[name], [known[part] for part in parts if part in known])
        (last,) = set(range(family.parts)) - known.keys()
        known[last] = minus(grids[cluster.total], list(known.values()))
        for part, grid in known.items():
            found[part_name(number, part)] = counted(grid, cluster, grows=False)
        for name, _ in family.counts:
            found[rest_name(name)] = counted(minus(grids[cluster.total], [grids[name]]), cluster, grows=False)
    return found


def minus(grid: Grid, others: Iterable[Grid]) -> Grid:
    result = [list(row) for row in grid]
    for other in others:
        result = [[number - less for number, less in zip(row, lesser, strict=True)] for row, lesser in zip(result, other, strict=True)]
    return result


def counted(grid: Grid, cluster: Cluster, *, grows: bool) -> Counted:
    if cluster.kind != "cumulative":
        return Counted(grid, [list(accumulate(row)) for row in grid], True)
    return Counted([[number - before for before, number in zip([0, *row], row, strict=False)] for row in grid], grid, grows)
