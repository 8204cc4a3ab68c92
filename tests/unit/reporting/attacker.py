"""An attacker with an integer solver: from what is shown of related counts, which values can a number have?

It knows how the counts are related, from the published definitions, and nothing of how the product hides: territories add up to the
programme, parts to their total, increments to levels; a number of people is not negative, and a cumulative count does not fall.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix

MOST = 100_000  # people; a bound for the solver, which nothing comes near
Interval = tuple[float, float]
Cell = tuple[str, int, int]  # count, row (the last one is the programme), quarter
Term = tuple[Cell, int]


class Knowledge(Struct):
    """`shown` has the interval in which each count is shown; `sums` are (count, the counts that add up to it); `growing` never fall.

    `years` are sums of counts of several quarters, with the interval in which each is shown.
    """

    rows: int
    quarters: int
    shown: Mapping[Cell, Interval]
    sums: Sequence[tuple[str, Sequence[str]]]
    growing: frozenset[str]
    years: Sequence[tuple[Sequence[Term], Interval]] = ()


class Attacker:
    def __init__(self, knowledge: Knowledge) -> None:
        self.known = knowledge
        counts = dict.fromkeys(name for total, parts in knowledge.sums for name in (total, *parts))
        counts |= dict.fromkeys(name for name, *_ in knowledge.shown)
        self.index = {
            (name, row, quarter): number
            for number, (name, row, quarter) in enumerate(
                (name, row, quarter) for name in counts for row in range(knowledge.rows) for quarter in range(knowledge.quarters)
            )
        }
        self.constraints = [*self.equations(counts), *self.growth(), *self.sums_of_years()]
        least, most = np.zeros(len(self.index)), np.full(len(self.index), float(MOST))
        for cell, (low, high) in knowledge.shown.items():
            least[self.index[cell]], most[self.index[cell]] = low, min(high, MOST)
        self.bounds = Bounds(least, most)

    def equations(self, counts: Iterable[str]) -> Iterable[LinearConstraint]:
        programme = self.known.rows - 1
        rows: list[list[Term]] = []
        for quarter in range(self.known.quarters):
            for name in counts:
                rows.append([((name, programme, quarter), -1), *(((name, row, quarter), 1) for row in range(programme))])
            for total, parts in self.known.sums:
                for row in range(self.known.rows):
                    rows.append([((total, row, quarter), -1), *(((part, row, quarter), 1) for part in parts)])
        yield LinearConstraint(self.matrix(rows), 0, 0)

    def growth(self) -> Iterable[LinearConstraint]:
        rows: list[list[Term]] = [
            [((name, row, quarter), 1), ((name, row, quarter - 1), -1)]
            for name in sorted(self.known.growing)
            for row in range(self.known.rows)
            for quarter in range(1, self.known.quarters)
        ]
        if rows:
            yield LinearConstraint(self.matrix(rows), 0, np.inf)

    def sums_of_years(self) -> Iterable[LinearConstraint]:
        if self.known.years:
            terms, ends = zip(*self.known.years, strict=True)
            low, high = zip(*ends, strict=True)
            yield LinearConstraint(self.matrix(terms), low, high)

    def matrix(self, rows: Sequence[Sequence[Term]]) -> csr_matrix:
        entries = [(number, self.index[cell], factor) for number, row in enumerate(rows) for cell, factor in row]
        lines, columns, factors = zip(*entries, strict=True)
        return csr_matrix((factors, (lines, columns)), shape=(len(rows), len(self.index)))

    def interval(self, terms: Iterable[Term]) -> Interval:
        """The least and the greatest value that a sum of counts can have."""
        objective = np.zeros(len(self.index))
        for cell, factor in terms:
            objective[self.index[cell]] += factor
        return self.optimum(objective), -self.optimum(-objective)

    def optimum(self, objective: Any) -> float:
        result = milp(objective, constraints=self.constraints, bounds=self.bounds, integrality=np.ones(len(objective)))
        assert result.status == 0, result.message
        return round(float(result.fun))
