"""Counters and gauges of the gateway, in the text format of Prometheus.

They are open to everybody, so no label names a territory or a type of command: a count that rises by one would tell and date one exit.
"""

from collections import Counter
from collections.abc import Iterator

HELP = {
    "http_requests_total": ("counter", "Requests answered, by method, route and status."),
    "commands_total": ("counter", "Commands answered, by outcome."),
    "stream_clients": ("gauge", "Clients that follow the feed now."),
    "stream_events_total": ("counter", "Events sent to clients of the feed."),
    "stream_overtaken_total": ("counter", "Clients dropped because they read too slowly."),
    "feed_position": ("gauge", "The position of the last event taken from the log."),
    "feed_events": ("gauge", "Events held in memory."),
}
Labels = tuple[tuple[str, str], ...]


class Metrics:
    """Counters of one process. Green threads do not interrupt each other between two statements, so there is no lock."""

    def __init__(self) -> None:
        self.values: Counter[tuple[str, Labels]] = Counter()

    def count(self, name: str, amount: int = 1, **labels: str) -> None:
        self.values[name, tuple(sorted(labels.items()))] += amount

    def add(self, name: str, amount: int) -> None:
        self.values[name, ()] += amount

    def set(self, name: str, value: int) -> None:
        self.values[name, ()] = value

    def text(self) -> str:
        return "".join(self.lines())

    def lines(self) -> Iterator[str]:
        for name, (kind, text) in HELP.items():
            yield f"# HELP parcours_gateway_{name} {text}\n# TYPE parcours_gateway_{name} {kind}\n"
            for (metric, labels), value in sorted(self.values.items()):
                if metric == name:
                    yield f"parcours_gateway_{name}{label_text(labels)} {value}\n"


def label_text(labels: Labels) -> str:
    pairs = ",".join(f'{name}="{escaped(value)}"' for name, value in labels)
    return f"{{{pairs}}}" if pairs else ""


def escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
