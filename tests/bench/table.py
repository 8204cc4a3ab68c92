"""The table of results: one line for each comparison, and whether its aim was met.

Ratios are truncated after the third digit, so that none is rounded up to its aim.
"""

import math
import statistics
from dataclasses import dataclass

from tests.bench.measuring import Rates

OURS = "ours"
PEER = "eventsourcing"
HEADS = ("store", "work", "ours", "beside", "its own", "ratio", "rounds", "aim", "peak")
PLAIN = "{:9} {:51} {:>12}   {:34} {:>12}   {:>7} {:>15}   {:22} {:>8}"


@dataclass(frozen=True)
class Aim:
    """The least ratio of our rate to that of the side `beside`. PEER stands for the fastest of the peer's sides."""

    beside: str
    least: float


@dataclass(frozen=True)
class Line:
    store: str
    work: str
    rates: Rates
    aims: tuple[Aim, ...] = ()
    peak: float = 0.0  # of memory, in MB, of our side's process
    note: str = ""  # when there is nothing to compare with

    @property
    def others(self) -> list[str]:
        return [name for name in self.rates if name != OURS]

    def median(self, name: str) -> float:
        return statistics.median(self.rates[name])

    def ratios(self, other: str) -> list[float]:
        return [one / two for one, two in zip(self.rates[OURS], self.rates[other], strict=True)]

    def ratio(self, other: str) -> float:
        return statistics.median(self.ratios(other))

    def aimed_at(self, aim: Aim) -> str:
        """Return the name of the side that an aim is about."""
        return max((name for name in self.others if name.startswith(aim.beside)), key=self.median)

    def verdict(self, aim: Aim) -> str:
        return f"≥ {cut(aim.least)} {'met' if self.ratio(self.aimed_at(aim)) >= aim.least else 'MISSED'}"


def cut(ratio: float, digits: int = 3) -> str:
    return f"{math.floor(ratio * 10**digits) / 10**digits:.{digits}f}"


def cells(line: Line, other: str) -> tuple[str, ...]:
    ratios = line.ratios(other)
    return (
        line.store,
        line.work,
        f"{line.median(OURS):,.0f}/s",
        other,
        f"{line.median(other):,.0f}/s",
        cut(line.ratio(other)),
        f"{cut(min(ratios), 2)} – {cut(max(ratios), 2)}",
        ", ".join(line.verdict(aim) for aim in line.aims if line.aimed_at(aim) == other),
        memory(line),
    )


def cells_alone(line: Line) -> tuple[str, ...]:
    return (line.store, line.work, f"{line.median(OURS):,.0f}/s", line.note, "", "", "", "", memory(line))


def memory(line: Line) -> str:
    return f"{line.peak:,.0f} MB" if line.peak else ""


class Table:
    """Prints each line when it is measured, so that a long run shows its progress; `markdown` repeats all of them as ratios."""

    def __init__(self) -> None:
        self.lines: list[Line] = []

    def add(self, line: Line) -> None:
        if not self.lines:
            print(PLAIN.format(*HEADS).rstrip(), flush=True)
        self.lines.append(line)
        for row in [cells(line, other) for other in line.others] or [cells_alone(line)]:
            print(PLAIN.format(*row).rstrip(), flush=True)

    def conclude(self) -> None:
        aimed = [(line, aim, line.verdict(aim)) for line in self.lines for aim in line.aims]
        missed = [
            f"{line.store}, {line.work}, beside {aim.beside}: {cut(line.ratio(line.aimed_at(aim)))} {result}"
            for line, aim, result in aimed
            if "MISSED" in result
        ]
        print("\n".join([f"\n{len(aimed) - len(missed)} aims of {len(aimed)} met.", *missed]))

    def markdown(self) -> str:
        """Return the lines as a Markdown table, without rates: these depend on the machine and the moment."""
        shown = [index for index, head in enumerate(HEADS) if head not in ("ours", "its own")]
        rows = [HEADS, ("---",) * len(HEADS), *(cells(line, other) for line in self.lines for other in line.others)]
        return "\n".join(f"| {' | '.join(row[index] for index in shown)} |" for row in rows)
