"""Whether the system is well, asked again and again: every service answers, nothing waits, and a read has what was just accepted."""

import threading
import time
from collections.abc import Callable
from itertools import pairwise

import httpx

from tests.clusters.product import Pairs
from tests.processes import is_well, this_quarter

INTERVAL_S = 0.5  # between two looks through one gateway
PATIENCE_S = 10.0  # of a reader: the gateway promises an answer in less
GAP_S = 2.0  # between two moments in which it is well: what is longer is a disturbance


class Watch:
    """`well_at` are the moments in which it was found well, through any gateway. `position` is that of the last accepted command."""

    def __init__(self, product: Pairs, position: Callable[[], int]) -> None:
        self.product = product
        self.position = position
        self.token = product.token("auditor")
        self.well_at = [time.monotonic()]
        self.stopped_at = 0.0
        self.longest_read = 0.0
        self.stopping = threading.Event()
        for url in product.urls:
            threading.Thread(target=self.look, args=[url], daemon=True).start()

    def look(self, url: str) -> None:
        with httpx.Client(base_url=url, timeout=PATIENCE_S) as client:
            while not self.stopping.wait(INTERVAL_S):
                try:
                    if self.is_current(client) and is_well(client):
                        self.well_at.append(time.monotonic())
                except httpx.HTTPError:  # this gateway does not run, or does not answer
                    continue

    def is_current(self, client: httpx.Client) -> bool:
        headers = {"Authorization": f"Bearer {self.token}", "Parcours-Position": str(self.position())}
        asked = {"territory": "alencon", "quarter": this_quarter()}
        began = time.monotonic()
        try:
            return client.get("/v1/indicators", params=asked, headers=headers).is_success
        finally:
            self.longest_read = max(self.longest_read, time.monotonic() - began)

    def stop(self) -> None:
        self.stopped_at = time.monotonic()
        self.stopping.set()

    def time_to_heal(self, disturbances: list[float]) -> float:
        """The longest time from a disturbance until it is well again and stays so."""
        moments = sorted([*self.well_at, self.stopped_at])
        healed = [after for before, after in pairwise(moments) if after - before > GAP_S]
        return max((end - max(at for at in disturbances if at <= end) for end in healed if end >= disturbances[0]), default=0.0)
