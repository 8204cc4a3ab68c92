"""Whether the product is well, and whether its live figures, a replay and the oracle agree."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from msgspec import Struct

from services.bootstrap.composition import Components
from shared.message import Position
from tests.oracle.comparison import Difference, differences
from tests.processes import Product, eventually

PAST = (0.25, 0.5, 0.75)  # of the log
WAIT_S = 120
MAX_LISTED_DIFFERENCES = 8


class Indicators(Struct):
    indicators: dict[str, Any]


class HttpReports:
    """The exact figures as a coordinator reads them."""

    def __init__(self, product: Product, components: Components) -> None:
        self.product = product
        self.quarters = components.reports.quarters

    def figures(self, territory: str, quarter: str, definitions: int | None = None) -> Indicators:
        answer = self.product.get("/v1/indicators", role="coordinator", territory=territory, quarter=quarter)
        assert answer.status_code == 200, f"{territory} {quarter}: {answer.status_code} {answer.text[:200]}"
        return Indicators(answer.json()["indicators"])


class Checks:
    def __init__(self, product: Product, components: Components) -> None:
        self.product = product
        self.components = components
        self.faults: list[str] = []

    def check(self, what: str, fn: Callable[[], Any]) -> Any:
        """The result, or None; a failure is a fault of the product."""
        try:
            return fn()
        except Exception as failure:  # noqa: BLE001 - whatever it is, it is reported, and the other checks go on
            self.faults.append(f"{what}: {failure!r}"[:1_500])
            return None

    def well(self, when: str) -> bool:
        """The product is ready, and the projection has every event."""
        head = self.components.store.head()
        ready = self.check(f"readiness {when}", lambda: eventually(self.is_ready, "readiness", WAIT_S))
        reached = ready and self.check(
            f"projection {when}",
            lambda: eventually(lambda: self.projection()["position"] >= head, f"the projection at {head}: {self.projection()}", WAIT_S),
        )
        return bool(reached)

    def is_ready(self) -> bool:
        answer = self.product.client.get("/readyz")
        assert answer.status_code == 200, answer.text
        assert answer.json()["well"], answer.text
        return True

    def projection(self) -> dict[str, Any]:
        done = self.product.tool("projections", "list")
        assert done.returncode == 0, done.stderr
        line: dict[str, Any] = json.loads(done.stdout)
        return line

    def quarters(self) -> list[str]:
        return self.check("quarters", self.components.reports.quarters) or []

    def at_the_end(self) -> None:
        self.well("at the end")
        self.compare("live", lambda: differences(self.components, HttpReports(self.product, self.components)))
        head = self.components.store.head()
        for position in [*(int(head * share) for share in PAST), head]:
            self.compare(f"replay of {position}", partial(self.replayed, position))
        done = self.check("rebuild", lambda: self.product.tool("rebuild"))
        if done is not None and done.returncode:
            self.faults.append(f"rebuild: {done.returncode} {done.stderr[-800:]}")
        self.well("after the rebuild")
        self.compare("rebuilt", lambda: differences(self.components, HttpReports(self.product, self.components)))

    def replayed(self, position: Position) -> list[Difference]:
        return differences(self.components, self.components.replayed(position), as_of=position)

    def compare(self, what: str, found: Callable[[], list[Difference]]) -> None:
        for difference in (self.check(what, found) or [])[:MAX_LISTED_DIFFERENCES]:
            self.faults.append(f"{what}: {difference}")
