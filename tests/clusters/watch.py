"""Whether the system is well, asked again and again: every service answers, nothing waits, and a read has what was just accepted."""

import threading
import time
from collections.abc import Callable
from itertools import pairwise

import httpx

from tests.clusters.product import Pairs
from tests.processes import this_quarter

INTERVAL_S = 0.5  # between two looks through one gateway
PATIENCE_S = 10.0  # of a reader: the gateway promises an answer in less
SHOWN = 400  # characters
GAP_S = 2.0  # between two moments in which it is well: what is longer is a disturbance


class Watch:
    """`well_at` are the moments in which it was found well, through any gateway, and `unwell` what was found otherwise, and when.

    `position` is that of the last accepted command.
    """

    def __init__(self, product: Pairs, position: Callable[[], int]) -> None:
        self.product = product
        self.position = position
        self.token = product.token("auditor")
        self.well_at = [time.monotonic()]
        self.unwell: list[tuple[float, str]] = []
        self.stopped_at = 0.0
        self.longest_read = 0.0
        self.stopping = threading.Event()
        for url in product.urls:
            threading.Thread(target=self.look, args=[url], daemon=True).start()

    def look(self, url: str) -> None:
        with httpx.Client(base_url=url, timeout=PATIENCE_S) as client:
            while not self.stopping.wait(INTERVAL_S):
                try:
                    fault = self.fault(client)
                except httpx.HTTPError as failure:  # this gateway does not run, or does not answer
                    fault = repr(failure)
                if fault:
                    self.unwell.append((time.monotonic(), f"{url}: {fault}"))
                else:
                    self.well_at.append(time.monotonic())

    def fault(self, client: httpx.Client) -> str:
        """What is not as it has to be; nothing if all is well."""
        headers = {"Authorization": f"Bearer {self.token}", "Parcours-Position": str(self.position())}
        asked = {"territory": "alencon", "quarter": this_quarter()}
        began = time.monotonic()
        try:
            figures = client.get("/v1/indicators", params=asked, headers=headers)
        finally:
            self.longest_read = max(self.longest_read, time.monotonic() - began)
        if not figures.is_success:
            return figures.text
        answer = client.get("/readyz").json()
        return "" if answer["well"] else f"{ {name: each for name, each in answer['components'].items() if each['state'] != 'ready'} }"

    def stop(self) -> None:
        self.stopped_at = time.monotonic()
        self.stopping.set()

    def time_to_heal(self, disturbances: list[float]) -> float:
        """The longest time from a disturbance until it is well again and stays so."""
        gaps = self.gaps(disturbances[0])
        return max((after - cause(disturbances, before, after) for before, after in gaps), default=0.0)

    def gaps(self, since: float) -> list[tuple[float, float]]:
        """The times in which it was not found well for longer than GAP_S."""
        moments = sorted([*self.well_at, self.stopped_at])
        return [(before, after) for before, after in pairwise(moments) if after - before > GAP_S and after > since]

    def complaints(self, disturbances: list[float]) -> str:
        """What was found in those times, a line each, by the seconds since the first disturbance."""
        gaps = self.gaps(disturbances[0])
        found = [each for each in self.unwell if any(before < each[0] < after for before, after in gaps)]
        return "\n".join(f"{at - disturbances[0]:6.1f} s {text[:SHOWN]}" for at, text in sorted(found))


def cause(disturbances: list[float], before: float, after: float) -> float:
    """The first disturbance in a gap, or the last one before it."""
    within = [at for at in disturbances if before <= at <= after]
    return within[0] if within else max(at for at in disturbances if at < before)
