"""When an attempt that failed is made again: after delays that grow, spread by chance, and not for ever."""

from collections.abc import Callable, Sequence

SPREAD = 0.2  # of a delay, more or less: receivers that fell together do not rise under all retries at once


def next_delay(schedule: Sequence[float], attempts: int, chance: Callable[[], float]) -> float | None:
    """Seconds until the next attempt after `attempts` failed ones; None when the last one was made.

    `schedule` has the delay after the first attempt, the second…; `chance` gives numbers from 0 to 1.
    """
    if attempts > len(schedule):
        return None
    return schedule[attempts - 1] * (1 + SPREAD * (2 * chance() - 1))
