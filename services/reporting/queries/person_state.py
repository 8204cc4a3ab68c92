"""The present state of one person, from the facts about all of their merged records."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from msgspec import Struct
from sqlalchemy import Connection, RowMapping, Table, select

from services.reporting.facts import tables as t
from services.reporting.list_answers import SORTS, LoanLine, OrientationLine, ReferralLine
from services.reporting.person_answers import (
    BarrierState,
    DiagnosticLevel,
    ExitState,
    FollowUpState,
    JourneyState,
    OutcomeState,
    PersonState,
    SeatState,
)
from services.reporting.projection.read_models import read_checkpoint
from services.reporting.queries.evidence import person_history
from services.reporting.queries.listings import LISTINGS

L = TypeVar("L", bound=Struct)


class Facts:
    """The rows about some records of persons, by table."""

    def __init__(self, connection: Connection, records: Sequence[str]) -> None:
        self.connection = connection
        self.records = records

    def rows(self, table: Table, *order: str) -> list[RowMapping]:
        asked = select(table).where(table.c.person.in_(self.records)).order_by(*(table.c[name] for name in order))
        return list(self.connection.execute(asked).mappings())

    def row(self, table: Table, person: str) -> Mapping[Any, Any]:
        """The row of one of the records; empty if there is none."""
        return next((row for row in self.rows(table) if row["person"] == person), {})

    def lines(self, name: str, shape: type[L]) -> list[L]:
        """The lines of a listing about these records, in the key's order."""
        rows = LISTINGS[name].rows.subquery()
        asked = (
            select(rows).where(rows.c.person.in_(self.records)).order_by(*(rows.c[column] for column in next(iter(SORTS[name].values()))))
        )
        return [shape(**row) for row in self.connection.execute(asked).mappings()]


def person_state(connection: Connection, person: str, today: str) -> PersonState:
    """The state of a person on a day. Of somebody unknown everything is empty."""
    history = person_history(connection, person)
    facts = Facts(connection, history.records)
    own = facts.row(t.person, history.person)
    standing = facts.row(t.standing, history.person)
    seats = [(row, held_on(connection, row["workshop"])) for row in facts.rows(t.seat, "on", "workshop")]
    return PersonState(
        person=history.person,
        records=history.records,
        position=read_checkpoint(connection, t.TABLES).position,
        territory=standing.get("territory"),
        since=standing.get("since"),
        followed_in=list(dict.fromkeys(row["territory"] for row in facts.rows(t.stay, "position"))),
        met_on=own.get("identified_on"),
        channel=own.get("channel"),
        radar=own.get("radar"),
        erased=bool(own.get("erased")),
        journeys=journeys(facts, today),
        orientations=facts.lines("orientations", OrientationLine),
        referrals=facts.lines("referrals", ReferralLine),
        loans=facts.lines("loans", LoanLine),
        seats=[SeatState(row["workshop"], row["status"], day, row["on"]) for row, day in seats],
    )


def held_on(connection: Connection, workshop: str) -> str | None:
    day: str | None = connection.execute(select(t.workshop.c.held_on).where(t.workshop.c.workshop == workshop)).scalar()
    return day


def journeys(facts: Facts, today: str) -> list[JourneyState]:
    """The journeys under all records, the latest last."""
    tables = (t.referent, t.exit_, t.exit_outcome, t.diagnostic, t.follow_up)
    found = {table.name: facts.rows(table) for table in tables}
    found |= {table.name: facts.rows(table, "position") for table in (t.barrier, t.outcome)}
    return [
        journey(row, {name: of_journey(row, rows) for name, rows in found.items()}, today) for row in facts.rows(t.journey, "opened_at")
    ]


def of_journey(journey: RowMapping, rows: Sequence[RowMapping]) -> list[RowMapping]:
    return [row for row in rows if (row["person"], row["rank"]) == (journey["person"], journey["rank"])]


def journey(row: RowMapping, found: dict[str, list[RowMapping]], today: str) -> JourneyState:
    referent: Mapping[Any, Any] = next(iter(found["referent"]), {})
    left = found["exit"][0] if found["exit"] else None
    barriers = {each["thematique"]: BarrierState(each["thematique"], each["lifted"], each["on"]) for each in found["barrier"]}
    outcomes = {each["outcome"]: OutcomeState(each["outcome"], each["quality"], each["months"], each["on"]) for each in found["outcome"]}
    return JourneyState(
        record=row["person"],
        rank=row["rank"],
        status="exited" if left else "open",
        opened_on=row["opened_on"],
        opened_in=row["territory"],
        orientation=row["orientation"],
        referent=referent.get("referent"),
        referent_since=referent.get("since"),
        barriers=list(barriers.values()),
        diagnostic=[DiagnosticLevel(each["thematique"], each["level"], each["on"]) for each in found["diagnostic"]],
        outcomes=list(outcomes.values()),
        follow_ups=sorted((follow_up(each, today) for each in found["follow_up"]), key=lambda each: each.due_on),
        exit=exit_state(left, found["exit_outcome"]) if left else None,
    )


def exit_state(row: RowMapping, named: Sequence[RowMapping]) -> ExitState:
    outcomes = [each["outcome"] for each in named if each["statement"] == row["statement"]]
    return ExitState(row["exit_on"], row["reason"], row["statement"], row["neutralised"], outcomes)


def follow_up(row: RowMapping, today: str) -> FollowUpState:
    return FollowUpState(row["milestone"], status_of(row, today), row["due_on"], row["window_end"], row["attempts"] or 0)


def status_of(row: RowMapping, today: str) -> Any:
    if row["completed_on"]:
        return "completed"
    if row["cancelled_on"]:
        return "cancelled"
    if today > row["window_end"]:
        return "missed"
    return "due" if today >= row["due_on"] else "planned"
