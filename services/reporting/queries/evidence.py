"""Evidence: the facts that a figure counts, with their events, and the timeline of a person.

How it works
------------
The evidence of a figure lists the rows of one side of its indicator (`indicators.queries`), the very rows that were counted. Each row
keeps the positions of its events, so a reader can go from a figure to its facts and from a fact to the log.

A committee gets the count alone, masked together with its figure. The day or the position of a fact would tell apart smaller groups than
the masking allows, and could be joined with what it reads elsewhere.

A timeline starts from a person: the root of their merged records, all of these records, the orientations about them, then the
positions that the timeline index has for any of these. The events themselves are read from the log.
"""

from collections.abc import Callable, Sequence

import msgspec
from msgspec import UNSET, Struct
from sqlalchemy import Connection, RowMapping, select

from services.reporting.answers import Evidence, Fact, Timeline, TimelineEntry, ValueCell
from services.reporting.facts import tables as t
from services.reporting.facts.tables import POSITION_SEPARATOR
from services.reporting.facts.timeline_index import about_orientation, about_person
from services.reporting.indicators.figure import side_queries
from services.reporting.indicators.model import Indicator, Side
from services.reporting.queries.figures import FigureSet
from services.vocabulary.calendar import local_date
from services.vocabulary.programme import PROGRAMME
from shared.errors import Refused
from shared.message import EventMessage, Position

FACTS_ARE_MASKED = "Ce nombre n’est pas montré exactement au comité, donc ses faits ne sont pas comptés ici."
ReadEvents = Callable[[Sequence[Position]], Sequence[EventMessage]]  # the events at these positions, in the order of the log
PastRows = Callable[[Indicator, str], Sequence[RowMapping]]  # those of a side of an indicator


class PersonHistory(Struct, frozen=True):
    """A person (the root of their records), all of their records, the positions of the events about them, and why events are set aside."""

    person: str
    records: list[str]
    positions: list[Position]
    set_aside: dict[Position, str]


def evidence(
    connection: Connection,
    figures: FigureSet,
    name: str,
    territory: str,
    quarter: str,
    side: str,
    *,
    masked: bool,
    past: PastRows | None = None,
) -> Evidence:
    """The evidence of one side of a figure. With `masked`, as a committee sees it. `past` gives the rows that were counted at a moment.

    Raises:
        Refused: the indicator is unknown (`indicator_unknown`) or does not have this side (`side_unknown`).
    """
    indicator = figures.indicator(name, quarter)
    counted, definition = side_of(indicator, side), figures.printed_definition(name, quarter)
    released = figures.released.get((name, territory, quarter), UNSET)
    if masked:
        cell = figures.committee_count(name, side, territory, quarter)
        count = int(cell.value or 0) if isinstance(cell, ValueCell) else None
        reason = None if isinstance(cell, ValueCell) else FACTS_ARE_MASKED
        return Evidence(name, indicator.label, definition, side, count, [], reason, released)
    rows = past(indicator, side) if past else fact_rows(connection, figures, counted, territory, quarter)
    facts = [fact(indicator, row) for row in rows]
    return Evidence(name, indicator.label, definition, side, len({row["counted"] for row in rows}), facts, None, released)


def side_of(indicator: Indicator, name: str) -> Side:
    side = {"numerator": indicator.numerator, "denominator": indicator.denominator}.get(name)
    if side is None:
        raise Refused("side_unknown", indicator=indicator.label, side=name)
    return side


def fact_rows(connection: Connection, figures: FigureSet, side: Side, territory: str, quarter: str) -> Sequence[RowMapping]:
    rows = connection.execute(side_queries(side).facts, figures.parameters_of(quarter)).mappings().all()
    members = figures.groupings.get(territory, (territory,))
    return [row for row in rows if territory == PROGRAMME or row["territory"] in members]


def fact(indicator: Indicator, row: RowMapping) -> Fact:
    positions = sorted({int(position) for position in row["positions"].split(POSITION_SEPARATOR)})
    return Fact(indicator.fact, row["on"], positions, row["territory"], row["person"], row["detail"])


def person_history(connection: Connection, person: str) -> PersonHistory:
    """Where the events about a person are. `person` may be any of their records."""
    root = connection.execute(select(t.person.c.root).where(t.person.c.person == person)).scalar() or person
    records = [root, *connection.execute(select(t.person.c.person).where(t.person.c.root == root, t.person.c.person != root)).scalars()]
    orientations = connection.execute(select(t.orientation.c.orientation).where(t.orientation.c.person.in_(records))).scalars()
    subjects = [*map(about_person, records), *map(about_orientation, orientations)]
    positions = select(t.timeline_entry.c.position).where(t.timeline_entry.c.about.in_(subjects))
    aside = connection.execute(select(t.set_aside.c.position, t.set_aside.c.reason)).all()
    return PersonHistory(root, records, sorted(connection.execute(positions).scalars()), {row.position: row.reason for row in aside})


def timeline(history: PersonHistory, read_events: ReadEvents) -> Timeline:
    entries = [timeline_entry(event, history.set_aside.get(event.position)) for event in read_events(history.positions)]
    return Timeline(history.person, history.records, entries)


def timeline_entry(event: EventMessage, set_aside: str | None) -> TimelineEntry:
    return TimelineEntry(
        position=event.position,
        event_id=str(event.id),
        kind=event.kind,
        on=local_date(event.time).isoformat(),
        recorded=event.recordedtime.isoformat(),
        territory=event.territory,
        actor=event.actor,
        data=msgspec.json.decode(event.data),
        set_aside=set_aside,
    )
