"""All figures at one position of the log, under one version of the definitions: computed once, then read from memory."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from services.reporting.answers import Cell, MaskedCell
from services.reporting.facts import tables as t
from services.reporting.facts.decisions import PROGRAMME, DefinitionsPublished
from services.reporting.indicators.catalogue import INDICATORS
from services.reporting.indicators.compute import compute_figures
from services.reporting.indicators.figure import Figure
from services.reporting.indicators.formatting import format_cell
from services.reporting.indicators.masking import Masks, Thresholds, mask_cells
from services.reporting.indicators.model import Indicator
from services.reporting.quarters import quarters_between
from shared.errors import Refused
from shared.message import Position

OUTCOME_DAYS = (
    213  # after an exit, for an outcome to be one of it: the follow-up after 6 months and its window. Definitions may say another
)
TARGET_OF = {"positive_target": "positive_rate"}  # an indicator that is measured against the target of another one


class FigureSet:
    """The figures of some territories and quarters. Made within one read transaction; afterwards it reads nothing.

    Masks need every quarter of every territory and of the programme: only a set of all of them may show masked cells.
    """

    def __init__(
        self, connection: Connection, territories: Sequence[str], position: Position, version: int | None, quarters: list[str]
    ) -> None:
        self.position = position
        self.definitions = load_definitions(connection, version)
        self.indicators = {name: INDICATORS[name] for name in INDICATORS if name in self.definitions.indicators}
        self.parameters = query_parameters(self.definitions, quarters)
        self.figures = compute_figures(
            lambda statement: connection.execute(statement, self.parameters), self.indicators.values(), territories, quarters
        )
        self.targets = {(row.indicator, row.territory, row.from_quarter): row.value for row in connection.execute(select(t.target))}
        self.released = {(row.indicator, row.territory, row.quarter) for row in connection.execute(select(t.release))}

    @cached_property
    def masks(self) -> Masks:
        thresholds = Thresholds(self.definitions.thresholds["small_cell"], self.definitions.thresholds["rate_floor"])
        return mask_cells(self.figures, self.indicators, thresholds, self.released)

    def figure(self, name: str, territory: str, quarter: str) -> Figure:
        return self.figures[name][territory, quarter]

    def target(self, name: str, territory: str, quarter: str) -> int | None:
        """The latest target in force in a quarter, in percent: the territory's own, or else the programme's."""
        names = {name, TARGET_OF.get(name, name)}
        for target_territory in (territory, PROGRAMME):
            in_force: dict[str, int] = {
                from_quarter: value
                for (indicator, of, from_quarter), value in self.targets.items()
                if indicator in names and of == target_territory and from_quarter <= quarter
            }
            if in_force:
                return in_force[max(in_force)]
        return None

    def exact_cell(self, name: str, territory: str, quarter: str) -> Cell:
        return format_cell(self.indicators[name], self.figure(name, territory, quarter), self.target(name, territory, quarter))

    def committee_cell(self, name: str, territory: str, quarter: str) -> Cell:
        """The cell as a committee sees it: exact, or masked with the reason."""
        reason = self.masks.get((name, territory, quarter))
        return MaskedCell(reason) if reason else self.exact_cell(name, territory, quarter)

    def indicator(self, name: str) -> Indicator:
        """The indicator with this id.

        Raises:
            Refused: the definitions do not have it (`indicator_unknown`).
        """
        if name not in self.indicators:
            raise Refused("indicator_unknown", indicator=name, version=self.definitions.version)
        return self.indicators[name]


def load_definitions(connection: Connection, version: int | None) -> DefinitionsPublished:
    """A version of the definitions, or the latest one.

    Raises:
        Refused: this version, or any version, is not published (`definitions_unknown`).
    """
    table = t.definitions
    latest = select(table.c.body).order_by(table.c.version.desc()).limit(1)
    body = connection.execute(latest if version is None else latest.where(table.c.version == version)).scalar()
    if body is None:
        raise Refused("definitions_unknown", version=version or 1)
    return msgspec.json.decode(body, type=DefinitionsPublished)


def query_parameters(definitions: DefinitionsPublished, quarters: Sequence[str]) -> dict[str, Any]:
    """The bind parameters of sides: see `indicators.queries`."""
    return {
        "first": quarters[0],
        "last": quarters[-1],
        "version": definitions.version,
        "redirection": definitions.counted_stages.get("redirection", "SENT"),
        "late_days": definitions.thresholds["late_days"],
        "outcome_days": definitions.thresholds.get("outcome_days", OUTCOME_DAYS),
    }


def known_quarters(connection: Connection, requested: str | None = None) -> list[str]:
    """Every quarter from the first to the last with a fact, extended to the requested one. Empty if there is none."""
    span = connection.execute(select(t.checkpoint.c.first_quarter, t.checkpoint.c.last_quarter)).one()
    quarters = [quarter for quarter in (*span, requested) if quarter]
    return quarters_between(min(quarters), max(quarters)) if quarters else []
