"""The reporting service, as nameko runs it. Commands come through WriteService; the methods here are its queries.

The names and parameters of these methods are an interface between processes: the gateway calls them over RPC. Answers are plain
JSON values, and so are faults (`queries.rpc_queries`).
"""

from typing import Any

from shared.bus.nameko.write_service import Component, GreenThread, NativeThread, WriteService, rpc

Reply = Any


class ReportingService(WriteService):
    name = "reporting"

    reports = Component("reports")
    turn = NativeThread("turn")
    filler = NativeThread("filler")
    coverage_check = NativeThread("coverage_check")
    figures_relay = GreenThread("figures_relay")

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def figures(self, territory: str, quarter: str, definitions: int | None = None, as_of: str | None = None) -> Reply:
        return self.reports.figures(territory, quarter, definitions, as_of)

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def committee(
        self, territory: str, quarter: str, definitions: int | None = None, audience: str = "committee", as_of: str | None = None
    ) -> Reply:
        return self.reports.committee(territory, quarter, definitions, audience, as_of)

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def evidence(
        self,
        indicator: str,
        territory: str,
        quarter: str,
        side: str,
        audience: str = "committee",
        definitions: int | None = None,
        as_of: str | None = None,
    ) -> Reply:
        return self.reports.evidence(indicator, territory, quarter, side, audience, definitions, as_of)

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def timeline(self, person: str) -> Reply:
        return self.reports.timeline(person)

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def projections(self) -> Reply:
        return self.reports.projections()

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def listing(self, question: dict[str, Any]) -> Reply:
        return self.reports.listing(question)

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def person(self, person: str, today: str) -> Reply:
        return self.reports.person(person, today)

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def declarations(self, version: int | None = None) -> Reply:
        return self.reports.declarations(version)

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def history(self, indicator: str, territory: str, audience: str, definitions: int | None = None, as_of: str | None = None) -> Reply:
        return self.reports.history(indicator, territory, audience, definitions, as_of)

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def changes(self, asked: dict[str, Any]) -> Reply:
        return self.reports.changes(asked)

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def moved(self, after: int, until: int) -> Reply:
        return self.reports.moved(after, until)

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def quarters(self) -> Reply:
        return self.reports.quarters()

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def position(self, at_least: int | None = None) -> Reply:
        return self.reports.position(at_least)
