"""Sums of positions, and the events that a difference of two sums stands for, where that is certain."""

from bisect import bisect_right
from collections.abc import Sequence
from math import isqrt
from operator import mul
from typing import NamedTuple

from shared.coverage import Coverage, Span
from shared.message import Position


class Sums(NamedTuple):
    events: int
    total: int
    squares: int

    def plus(self, other: "Sums", sign: int = 1) -> "Sums":
        return Sums(*(mine + sign * its for mine, its in zip(self, other, strict=True)))


NOTHING = Sums(0, 0, 0)


def sums_of(positions: Sequence[Position]) -> Sums:
    return Sums(len(positions), sum(positions), sum(map(mul, positions, positions)))


def own_sums(coverage: Coverage) -> Sums:
    return Sums(coverage.events, int(coverage.total), int(coverage.squares))


def solved(positions: Sequence[Position], missing: Sums) -> tuple[list[Position], list[Position]] | None:
    """The events that were left out, and those that were applied twice, of which these are the sums; None if that is not certain."""
    if missing == NOTHING:
        return [], []
    if missing.events == 0:
        return replaced(positions, missing)
    sign = 1 if missing.events > 0 else -1
    count, total, squares = (sign * each for each in missing)
    found = pair(positions, total, squares) if count == 2 else None
    found = found or run(positions, Sums(count, total, squares))
    if found is None:
        return None
    return (found, []) if sign > 0 else ([], found)


def replaced(positions: Sequence[Position], missing: Sums) -> tuple[list[Position], list[Position]] | None:
    """One event was left out and another one applied twice: x - y and x² - y² are known."""
    if missing.total == 0 or missing.squares % missing.total:
        return None
    both = missing.squares // missing.total
    if (both + missing.total) % 2:
        return None
    left_out, again = (both + missing.total) // 2, (both - missing.total) // 2
    return ([left_out], [again]) if is_there(positions, left_out) and is_there(positions, again) else None


def pair(positions: Sequence[Position], total: int, squares: int) -> list[Position] | None:
    """Two events: x + y and x² + y² are known."""
    difference = isqrt(max(0, 2 * squares - total * total))
    if difference * difference != 2 * squares - total * total or (total - difference) % 2 or not difference:
        return None
    first, second = (total - difference) // 2, (total + difference) // 2
    return [first, second] if is_there(positions, first) and is_there(positions, second) else None


def run(positions: Sequence[Position], sums: Sums) -> list[Position] | None:
    """Events that follow each other, or one alone."""
    count = sums.events
    if count > len(positions):
        return None
    here = sums_of(positions[:count])
    for start in range(len(positions) - count + 1):
        if here == sums:
            return [*positions[start : start + count]]
        if start + count < len(positions):
            here = here.plus(sums_of(positions[start : start + 1]), -1).plus(sums_of(positions[start + count : start + count + 1]))
    return None


def is_there(positions: Sequence[Position], position: Position) -> bool:
    return bool(within(positions, Span(position - 1, position)))


def within(positions: Sequence[Position], span: Span) -> Sequence[Position]:
    return positions[bisect_right(positions, span.after) : bisect_right(positions, span.until)]
