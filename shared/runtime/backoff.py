"""How long to wait before another attempt."""

MIN_DELAY_S, MAX_DELAY_S = 0.2, 2.0  # a server that is back is found while a caller still waits


class Backoff:
    """Delays that double with each failed attempt, from MIN_DELAY_S to MAX_DELAY_S, and start again at the minimum after `reset`."""

    def __init__(self) -> None:
        self.delay = MIN_DELAY_S

    def next_delay(self) -> float:
        """Seconds to wait before the next attempt."""
        delay, self.delay = self.delay, min(self.delay * 2, MAX_DELAY_S)
        return delay

    def reset(self) -> None:
        """An attempt succeeded."""
        self.delay = MIN_DELAY_S
