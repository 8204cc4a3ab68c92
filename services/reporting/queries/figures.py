"""Everything that one position of the log says under one version of the definitions: computed once, read many times."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from services.reporting.facts import tables as t
from services.reporting.facts.decisions import PROGRAMME, DefinitionsPublished
from services.reporting.indicators.catalogue import INDICATORS
from services.reporting.indicators.compute import FigureTable, compute_figures
from services.reporting.indicators.figure import Figure
from services.reporting.indicators.formatting import Cell, format_cell
from services.reporting.indicators.masking import Masks, Thresholds, mask_cells
from services.reporting.indicators.model import Indicator
from services.reporting.quarters import quarters_between
from shared.errors import Refused
from shared.message import Position

TARGETS = {"positive_target": "positive_rate"}


class FigureSet:
    """Read within one transaction; pure afterwards. What is masked depends on every quarter of every territory and of the programme."""

    def __init__(
        self, connection: Connection, territories: Sequence[str], position: Position, version: int | None, quarters: list[str]
    ) -> None:
        self.position = position
        self.quarters = quarters
        self.territories = territories
        self.definitions = definitions(connection, version)
        self.indicators = {name: INDICATORS[name] for name in INDICATORS if name in self.definitions.indicators}
        self.parameters = parameters(self.definitions, quarters)
        self.matrix: FigureTable = compute_figures(
            lambda statement: connection.execute(statement, self.parameters), self.indicators.values(), self.territories, quarters
        )
        self.targets = {(row.indicator, row.territory, row.from_quarter): row.value for row in connection.execute(select(t.target))}
        self.released = {(row.indicator, row.territory, row.quarter) for row in connection.execute(select(t.release))}

    @cached_property
    def masks(self) -> Masks:
        thresholds = Thresholds(self.definitions.thresholds["small_cell"], self.definitions.thresholds["rate_floor"])
        return mask_cells(self.matrix, self.indicators, thresholds, self.released)

    def figure(self, name: str, territory: str, quarter: str) -> Figure:
        return self.matrix[name][territory, quarter]

    def target(self, name: str, territory: str, quarter: str) -> int | None:
        """The latest target that holds in this quarter: the territory's own, or else the programme's."""
        asked = {name, TARGETS.get(name, name)}
        for place in (territory, PROGRAMME):
            known: dict[str, int] = {
                start: value for (of, where, start), value in self.targets.items() if of in asked and where == place and start <= quarter
            }
            if known:
                return known[max(known)]
        return None

    def exact(self, name: str, territory: str, quarter: str) -> Cell:
        return format_cell(self.indicators[name], self.figure(name, territory, quarter), self.target(name, territory, quarter))

    def shown(self, name: str, territory: str, quarter: str) -> Cell:
        """The cell as a committee sees it."""
        why = self.masks.get((name, territory, quarter))
        return {"masked": why} if why else self.exact(name, territory, quarter)

    def indicator(self, name: str) -> Indicator:
        if name not in self.indicators:
            raise Refused("indicator_unknown", indicator=name, version=self.definitions.version)
        return self.indicators[name]


def definitions(connection: Connection, version: int | None) -> DefinitionsPublished:
    """The asked version, or else the latest that is recorded."""
    table = t.definitions
    asked = select(table.c.body).order_by(table.c.version.desc()).limit(1)
    body = connection.execute(asked if version is None else asked.where(table.c.version == version)).scalar()
    if body is None:
        raise Refused("no_definitions") if version is None else Refused("definitions_unknown", version=version)
    return msgspec.json.decode(body, type=DefinitionsPublished)


def parameters(said: DefinitionsPublished, quarters: Sequence[str]) -> dict[str, Any]:
    """What the questions leave open: the quarters, the definitions."""
    return {
        "first": quarters[0],
        "last": quarters[-1],
        "version": said.version,
        "redirection": said.counted_stages.get("redirection", "SENT"),
        "late_days": said.thresholds["late_days"],
    }


def quarters_of(connection: Connection, asked: str | None = None) -> list[str]:
    """Every quarter in which something happened, and the asked one."""
    known = connection.execute(select(t.checkpoint.c.first_quarter, t.checkpoint.c.last_quarter)).one()
    named = [quarter for quarter in (*known, asked) if quarter]
    return quarters_between(min(named), max(named)) if named else []
