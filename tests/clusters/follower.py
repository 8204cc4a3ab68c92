"""A client of the live feed that comes back with the last id it has seen, through one gateway or the other."""

import threading
from collections.abc import Mapping

import httpx

from tests.clusters.product import Pairs

SILENCE_S = 20.0  # longer than between two signs of life
RETURN_S = 0.3


class Follower:
    """`positions` are those of the events, in the order in which they came."""

    def __init__(self, product: Pairs, after: int) -> None:
        self.product = product
        self.token = product.token("auditor")
        self.last = after
        self.positions: list[int] = []
        self.returns = 0
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        while not self.stopping.is_set():
            try:
                self.follow(self.product.urls[self.returns % len(self.product.urls)])
            except httpx.HTTPError:
                self.stopping.wait(RETURN_S)
            self.returns += 1

    def follow(self, url: str) -> None:
        headers = {"Authorization": f"Bearer {self.token}", "Last-Event-ID": str(self.last)}
        with httpx.stream("GET", f"{url}/v1/stream", headers=headers, timeout=SILENCE_S) as answer:
            answer.raise_for_status()
            frame: dict[str, str] = {}
            for line in answer.iter_lines():
                if self.stopping.is_set():
                    return
                if line:
                    name, _, value = line.partition(":")
                    frame[name] = value.strip()
                    continue
                self.take(frame)
                frame = {}

    def take(self, frame: Mapping[str, str]) -> None:
        if "id" in frame:
            self.last = int(frame["id"])
            if "data" in frame:
                self.positions.append(self.last)

    def stop(self) -> None:
        self.stopping.set()
