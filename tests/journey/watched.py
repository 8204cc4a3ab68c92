"""Processes that answer for their metrics, each on an address of its own."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.processes import Product, free_port

Samples = Mapping[tuple[str, ...], float]
"""The values of metrics, by name and the values of their labels, in the order of the names of these."""


class Watched(Product):
    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        super().__init__(folder, env)
        self.addresses = {name: f"127.0.0.1:{free_port()}" for name in self.processes}
        for name, process in self.processes.items():
            process.env = {**process.env, "PARCOURS_METRICS_LISTEN": self.addresses[name]}

    def text(self, name: str) -> str:
        """The metrics of a process as it writes them."""
        answer = httpx.get(f"http://{self.addresses[name]}/metrics", timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.text

    def scrape(self, name: str) -> Samples:
        families = text_string_to_metric_families(self.text(name))
        return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


@contextmanager
def watched(folder: Path, env: Mapping[str, str]) -> Iterator[Watched]:
    product = Watched(folder, env)
    try:
        product.start()
        yield product
    finally:
        product.stop()
