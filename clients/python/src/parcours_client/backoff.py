"""Delays that grow while something is away."""

import random

LEAST_S, MOST_S = 0.25, 5.0


class Backoff:
    """Each delay is drawn up to twice the last bound, so that many clients do not come back at the same moment."""

    def __init__(self) -> None:
        self.bound = LEAST_S

    def next_delay(self, least: float = 0.0) -> float:
        """Seconds, at least `least`."""
        delay = random.uniform(LEAST_S / 2, self.bound)  # noqa: S311 - no secret
        self.bound = min(2 * self.bound, MOST_S)
        return max(delay, least)

    def reset(self) -> None:
        self.bound = LEAST_S
