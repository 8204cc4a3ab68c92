"""The days on which people are met: a slow start, then fewer in summer and in December, none at weekends."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import accumulate
from random import Random

from demo.dates import workday

MONTH_WEIGHTS = (0.9, 1.0, 1.15, 1.0, 1.05, 1.0, 0.55, 0.35, 1.1, 1.15, 1.05, 0.6)  # January to December
START_WEIGHT = 0.25  # of the first day, beside a day at full strength
RAMP_DAYS = 150  # each day adds 1 / RAMP_DAYS to that weight, up to full strength


class Season:
    """The days from `first` to `last`, both included, each with its weight."""

    def __init__(self, first: date, last: date) -> None:
        self.days = [first + timedelta(days=day) for day in range((last - first).days + 1)]
        self.weights = [weight(first, day) for day in self.days]

    def draw(self, rng: Random) -> date:
        """One working day."""
        return workday(rng.choices(self.days, self.weights)[0])

    def spread(self, number: int) -> Iterator[tuple[date, int]]:
        """Every day, with how many of `number` people are met on it: their sum is `number`."""
        total, met = sum(self.weights), 0
        for day, so_far in zip(self.days, accumulate(self.weights), strict=True):
            met_by_then = round(number * so_far / total)
            yield day, met_by_then - met
            met = met_by_then


def weight(first: date, day: date) -> float:
    """The weight of a day in a programme that starts on `first`: 0 at weekends."""
    if day.weekday() > 4:
        return 0.0
    return MONTH_WEIGHTS[day.month - 1] * min(1.0, START_WEIGHT + (day - first).days / RAMP_DAYS)
