"""The product's figures beside those of the oracle, cell by cell: live, and replayed as of past positions."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from services.bootstrap.composition import Components
from services.vocabulary.programme import PROGRAMME
from shared.message import Position
from shared.store.port import pages
from tests.oracle import oracle


class ExactReports(Protocol):
    """Where the product's exact figures are read."""

    def quarters(self) -> list[str]: ...
    def figures(self, territory: str, quarter: str, definitions: int | None = None) -> Any: ...


class Difference(Struct, frozen=True):
    """A cell in which the product and the oracle disagree."""

    indicator: str
    territory: str
    quarter: str
    product: Any
    oracle: Any


def exported(components: Components) -> list[dict[str, Any]]:
    """The history as `parcours history` prints it."""
    events = [event for page in pages(components.store, 0, components.store.head()) for event in page]
    return [json.loads(msgspec.json.encode(event)) for event in events]


def differences(
    components: Components, reports: ExactReports, as_of: Position | None = None, version: int | None = None
) -> list[Difference]:
    """Every cell that differs, over all territories and quarters that the product knows."""
    territories = [territory.id for territory in components.settings.programme().territories]
    quarters = reports.quarters()
    expected = oracle.figures(exported(components), territories, quarters, version=version, as_of=as_of)
    return list(compare(reports, [*territories, PROGRAMME], quarters, version, expected))


def compare(
    reports: ExactReports, territories: Sequence[str], quarters: Sequence[str], version: int | None, expected: oracle.Figures
) -> Iterator[Difference]:
    for quarter in quarters:
        for territory in territories:
            cells = msgspec.to_builtins(reports.figures(territory, quarter, version).indicators)
            declared = {indicator for indicator, of, when in expected if (of, when) == (territory, quarter)}
            for indicator in sorted({*cells, *declared}):
                theirs, ours = cells.get(indicator), expected.get((indicator, territory, quarter))
                if theirs != ours:
                    yield Difference(indicator, territory, quarter, theirs, ours)
