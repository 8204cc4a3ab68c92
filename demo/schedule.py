"""The lines of many sources, interleaved by time of recording.

How it works: every source (a person, a laptop, a workshop series, an answer to the survey) is a generator of lines in its own order. A
heap has the next line of each source that has started. The earliest line is emitted, and only then its source is resumed for the next
one. So a source that waits (`CommandSequence.wait_until`) resumes when all lines up to that time were made, and sees who has an open
journey that day. A source is started when the history reaches its first day. Memory therefore grows with the sources under way.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from heapq import heappop, heappush
from typing import NamedTuple

from demo.command_lines import CommandLine, TimedLine
from demo.dates import PARIS


class Source(NamedTuple):
    """Lines in their order of recording, none of them before `first_day`."""

    first_day: date
    lines: Iterator[TimedLine]


def interleave(sources: Iterable[Source], end: date) -> Iterator[CommandLine]:
    """The lines of all sources by time of recording, up to and including the day `end`. `sources` are ordered by first day."""
    last = datetime(end.year, end.month, end.day, 23, 59, 59, tzinfo=PARIS)
    interleaver = Interleaver()
    for first, lines in sources:
        yield from interleaver.lines_until(min(datetime(first.year, first.month, first.day, tzinfo=PARIS), last))
        interleaver.start(lines)
    yield from interleaver.lines_until(last)


class Interleaver:
    """A heap of the sources under way, each with its next line. Lines of the same time come in the order in which sources started."""

    def __init__(self) -> None:
        self.heap: list[tuple[datetime, int, CommandLine | None, Iterator[TimedLine]]] = []
        self.started = 0

    def start(self, lines: Iterator[TimedLine]) -> None:
        """Add a source."""
        self.started += 1
        self.push_next(lines, self.started)

    def lines_until(self, bound: datetime) -> Iterator[CommandLine]:
        """The lines recorded up to `bound`, included, earliest first."""
        while self.heap and self.heap[0][0] <= bound:
            _, number, line, lines = heappop(self.heap)
            if line is not None:
                yield line
            self.push_next(lines, number)

    def push_next(self, lines: Iterator[TimedLine], number: int) -> None:
        timed = next(lines, None)
        if timed is not None:
            recorded, line = timed
            heappush(self.heap, (recorded, number, line, lines))
