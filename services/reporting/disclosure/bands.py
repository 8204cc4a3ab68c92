"""How a number is shown: exactly, as a band, or not at all. And which band a number is given first."""

from typing import Self

from msgspec import Struct

from services.reporting.disclosure.network import UNBOUNDED

FLOOR_OF_SMALL_CELL, FLOOR_OF_RATE = 5, 20  # persons; no version of the definitions goes below
PUBLISHED_SMALL_CELL = 11  # in what is published openly


class Thresholds(Struct, frozen=True):
    """`small_cell` is the least number of people that may be shown, `rate_floor` the least that may stand under a rate."""

    small_cell: int
    rate_floor: int

    @classmethod
    def of(cls, defined: dict[str, int], least: int = FLOOR_OF_SMALL_CELL) -> Self:
        """Those of a version of the definitions, which can raise them and cannot lower them."""
        return cls(max(least, defined.get("small_cell", 0)), max(FLOOR_OF_RATE, defined.get("rate_floor", 0)))

    def or_stricter(self, other: Self) -> Self:
        return type(self)(max(self.small_cell, other.small_cell), max(self.rate_floor, other.rate_floor))

    @property
    def enough(self) -> int:
        """Of how many other values of a number of a few people must be possible: as many values in all as there are few numbers."""
        return self.small_cell - 2

    def is_few(self, number: int) -> bool:
        return 0 < abs(number) < self.small_cell


class Band(Struct, frozen=True):
    """From `least` to `most`, both included. What is not shown at all is from 0 to UNBOUNDED."""

    least: int
    most: int

    @property
    def exact(self) -> bool:
        return self.least == self.most

    @property
    def hidden(self) -> bool:
        return self.most >= UNBOUNDED

    def shifted(self, by: int) -> "Band":
        return Band(self.least + by, self.most + by)


HIDDEN = Band(0, UNBOUNDED)


def exactly(number: int) -> Band:
    return Band(number, number)


def wider(number: int, band: Band, small_cell: int) -> Band:
    """The next wider band of a number: the few, then steps of the size of a small cell, doubled; in the end it is hidden.

    It holds the whole of the present band, so that no value that was possible becomes impossible: a band that is no step, such as what a
    count may have gained, grows upwards from where it begins.
    """
    if band.exact and 0 < number < small_cell:
        return Band(1, small_cell - 1)
    for size in (small_cell, 2 * small_cell, 4 * small_cell):
        if size > band.most - band.least + 1 and number >= 0:
            step = steps(band.least, size)
            return step if step.most >= band.most else Band(band.least, band.least + size - 1)
    return HIDDEN


def first_band(number: int, total: int, of: Band | None, before: Band, thresholds: Thresholds) -> Band:
    """The band that a number gets before its neighbours are looked at.

    `of` is the band of its total, if it is shown as a part of one; `before` is the band of the quarter before for a cumulative count,
    from which it must not differ by a few: it keeps the steps of the last number that was shown.
    """
    small = thresholds.small_cell
    if 0 < number < small:
        return Band(1, small - 1)
    if of is not None and thresholds.is_few(total - number):
        return Band(total - small + 1, total - 1) if of.exact and total >= small else steps(number, small)
    if of is not None and 0 < total < thresholds.rate_floor:
        return steps(number, small)
    if before.exact:
        return Band(before.least + 1, before.least + small - 1) if 0 < number - before.least < small else exactly(number)
    if before.hidden or before.least <= number <= before.most:
        return steps(number, small) if before.hidden else before
    return exactly(number) if number > before.most else steps(number, small)


def steps(number: int, size: int) -> Band:
    least = number // size * size
    return Band(least, least + size - 1)
