"""How long to wait before asking again."""

SHORTEST, LONGEST = 0.2, 5.0  # seconds before another attempt


class Backoff:
    """Seconds to wait before the next attempt: longer each time, short again after a success."""

    def __init__(self) -> None:
        self.seconds = SHORTEST

    def again(self) -> float:
        seconds, self.seconds = self.seconds, min(self.seconds * 2, LONGEST)
        return seconds

    def reset(self) -> None:
        self.seconds = SHORTEST
