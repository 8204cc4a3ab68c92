"""When people are met: a slow start, dips in the summers and at the end of the year."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import accumulate
from random import Random

from demo.schedule import workday

SEASON = (0.9, 1.0, 1.15, 1.0, 1.05, 1.0, 0.55, 0.35, 1.1, 1.15, 1.05, 0.6)
RAMP = 150  # days until the programme is at full strength


class Season:
    def __init__(self, first: date, last: date) -> None:
        self.days = [first + timedelta(days=day) for day in range((last - first).days + 1)]
        self.weights = [weight(first, day) for day in self.days]

    def drawn(self, rng: Random) -> date:
        return workday(rng.choices(self.days, self.weights)[0])

    def spread(self, number: int) -> Iterator[tuple[date, int]]:
        """Every day, with how many of `number` people are met on it."""
        total, met = sum(self.weights), 0
        for day, so_far in zip(self.days, accumulate(self.weights), strict=True):
            now = round(number * so_far / total)
            yield day, now - met
            met = now


def weight(first: date, day: date) -> float:
    if day.weekday() > 4:
        return 0.0
    return SEASON[day.month - 1] * min(1.0, 0.25 + (day - first).days / RAMP)
