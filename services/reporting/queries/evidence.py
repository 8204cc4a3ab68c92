"""What stands behind a figure and behind a person's way: facts, and the events that said them."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, RowMapping, select

from services.reporting.facts import tables as t
from services.reporting.facts.decisions import PROGRAMME
from services.reporting.facts.tables import POSITION_SEPARATOR
from services.reporting.indicators.figure import side_queries
from services.reporting.indicators.model import Indicator, Side
from services.reporting.queries.figures import FigureSet
from services.vocabulary.calendar import local_date
from shared.errors import Refused
from shared.message import EventMessage, Position

Model = dict[str, Any]
Events = Callable[[Sequence[Position]], Sequence[EventMessage]]  # the events at these positions, in order


class PersonHistory(Struct, frozen=True):
    """A person, under the record that stands for all of theirs, and the positions of the events about them."""

    person: str
    records: list[str]
    positions: list[Position]


def side_of(indicator: Indicator, side: str) -> Side:
    found = {"numerator": indicator.numerator, "denominator": indicator.denominator}.get(side)
    if found is None:
        raise Refused("side_unknown", indicator=indicator.label, side=side)
    return found


def evidence(connection: Connection, sheet: FigureSet, name: str, territory: str, quarter: str, side: str, *, masked: bool) -> Model:
    indicator = sheet.indicator(name)
    why = sheet.masks.get((name, territory, quarter)) if masked else None
    found = [] if why else rows(connection, sheet, side_of(indicator, side), territory, quarter)
    return {
        "indicator": name,
        "label": indicator.label,
        "definition": indicator.definition,
        "side": side,
        "count": None if why else len({row["counted"] for row in found}),
        "facts": [fact(indicator, row, bare=masked and indicator.protected) for row in found],
        "masked": why,
    }


def rows(connection: Connection, sheet: FigureSet, side: Side, territory: str, quarter: str) -> Sequence[RowMapping]:
    found = connection.execute(side_queries(side).facts, {**sheet.parameters, "first": quarter, "last": quarter}).mappings().all()
    return [row for row in found if territory in (PROGRAMME, row["territory"])]


def fact(indicator: Indicator, row: RowMapping, *, bare: bool) -> Model:
    """One fact. A committee sees it bare: its kind of outcome, its town or its person would tell smaller groups apart."""
    said = {
        "fact": indicator.fact,
        "on": row["on"],
        "positions": sorted({int(position) for position in row["positions"].split(POSITION_SEPARATOR)}),
    }
    return said if bare else said | {"territory": row["territory"], "person": row["person"], "detail": row["detail"]}


def way(connection: Connection, person: str) -> PersonHistory:
    """Where the steps of a person are in the log, under all the records that were merged."""
    root = connection.execute(select(t.person.c.root).where(t.person.c.person == person)).scalar() or person
    records = [root, *connection.execute(select(t.person.c.person).where(t.person.c.root == root, t.person.c.person != root)).scalars()]
    sent = connection.execute(select(t.orientation.c.orientation).where(t.orientation.c.person.in_(records))).scalars()
    steps = select(t.timeline_entry.c.position).where(t.timeline_entry.c.about.in_([*records, *sent]))
    return PersonHistory(root, records, sorted(connection.execute(steps).scalars()))


def timeline(way: PersonHistory, events: Events) -> Model:
    return {"person": way.person, "records": way.records, "steps": [step(event) for event in events(way.positions)]}


def step(event: EventMessage) -> Model:
    return {
        "position": event.position,
        "event_id": str(event.id),
        "kind": event.kind,
        "on": local_date(event.time).isoformat(),
        "recorded": event.recordedtime.isoformat(),
        "territory": event.territory,
        "actor": msgspec.to_builtins(event.actor),
        "data": msgspec.json.decode(event.data),
    }
