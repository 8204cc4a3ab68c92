"""The reporting service, as nameko runs it: it decides little, and answers what is asked of the facts."""

from typing import Any

from shared.bus.nameko.write_service import Component, WriteService, rpc

Model = Any


class ReportingService(WriteService):
    name = "reporting"

    reports = Component("reports")

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def figures(self, territory: str, quarter: str, definitions: int | None = None) -> Model:
        return self.reports.figures(territory, quarter, definitions)

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def committee(self, territory: str, quarter: str, definitions: int | None = None) -> Model:
        return self.reports.committee(territory, quarter, definitions)

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def evidence(self, indicator: str, territory: str, quarter: str, side: str, audience: str = "committee") -> Model:
        return self.reports.evidence(indicator, territory, quarter, side, audience)

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def timeline(self, person: str) -> Model:
        return self.reports.timeline(person)

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def quarters(self) -> Model:
        return self.reports.quarters()

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def position(self, at_least: int | None = None) -> Model:
        return self.reports.position(at_least)
