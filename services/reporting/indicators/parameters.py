"""The bind parameters of sides: what the definitions decide, and the quarters that are asked for."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, select

from services.reporting.facts import tables as t
from services.reporting.facts.decisions import DefinitionsPublished
from services.reporting.indicators.printed import counted_stage, outcome_days
from shared.message import Position


def load_definitions(
    connection: Connection, table: Table = t.definitions, as_of: Position | None = None
) -> dict[int, DefinitionsPublished]:
    """Every version of the definitions that is published, or was at a position, by its number."""
    statement = select(table.c.body).order_by(table.c.version)
    bodies = connection.execute(statement if as_of is None else statement.where(table.c.published_at <= as_of)).scalars()
    return {one.version: one for one in (msgspec.json.decode(body, type=DefinitionsPublished) for body in bodies)}


def query_parameters(definitions: DefinitionsPublished, quarters: Sequence[str]) -> dict[str, Any]:
    """The bind parameters of sides: see `indicators.queries`."""
    return {"first": quarters[0], "last": quarters[-1], **parameters_of_version(definitions)}


def parameters_of_version(definitions: DefinitionsPublished) -> dict[str, Any]:
    """Those that the definitions decide."""
    return {
        "version": definitions.version,
        "redirection": counted_stage(definitions),
        "late_days": definitions.thresholds["late_days"],
        "outcome_days": outcome_days(definitions),
    }
