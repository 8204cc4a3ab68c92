"""Random draws: one of several weighted keys, a working day some days later, a time in working hours."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from random import Random
from typing import TypeVar

from demo.dates import PARIS, workday

K = TypeVar("K", bound=str)


def weighted_choice(rng: Random, weights: Mapping[K, int]) -> K:
    """One of the keys, drawn with its weight."""
    return rng.choices(list(weights), list(weights.values()))[0]


def workday_after(rng: Random, day: date, min_days: int, max_days: int) -> date:
    """A working day `min_days` to `max_days` after `day`; a weekend moves it to the Monday."""
    return workday(day + timedelta(days=rng.randint(min_days, max_days)))


def working_time(rng: Random, day: date) -> datetime:
    """A time from 9:00 to 16:59 on `day`, in Paris."""
    minute = int(rng.random() * 480)
    return datetime(day.year, day.month, day.day, 9 + minute // 60, minute % 60, tzinfo=PARIS)
