"""The rows of each list: a question whose columns are the fields of its line."""

from typing import Any

from msgspec import Struct
from sqlalchemy import Select, Subquery, Table, case, false, func, select

from services.reporting.facts import tables as t
from services.reporting.list_answers import LoanLine, OrientationLine, PartnerLine, ReferralLine, TaskLine, WorkshopLine


def fields_of(line: type[Struct]) -> tuple[str, ...]:
    return line.__struct_fields__


def columns(table: Table, *names: str) -> list[Any]:
    return [table.c[name] for name in names]


def people() -> Select[Any]:
    """One line for each person, under the record that represents them; those who are erased have none."""
    person, journey, latest = t.person.c, t.journey.c, latest_ranks()
    at_latest = (journey.person == person.person) & (journey.rank == latest.c.rank)
    of_journey = {table: (table.c.person == journey.person) & (table.c.rank == journey.rank) for table in (t.exit_, t.referent)}
    status = case((journey.rank.is_(None), "none"), (t.exit_.c.exit_on.is_(None), "open"), else_="exited")
    rows = select(
        person.person,
        *columns(t.standing, "territory", "since"),
        person.identified_on.label("met_on"),
        status.label("journey"),
        *columns(t.journey, "rank", "opened_on"),
        t.exit_.c.exit_on,
        case((t.exit_.c.exit_on.is_(None), t.referent.c.referent)).label("referent"),
    ).join(t.standing, t.standing.c.person == person.person)
    rows = rows.outerjoin(latest, latest.c.person == person.person).outerjoin(t.journey, at_latest)
    for table, of_this in of_journey.items():
        rows = rows.outerjoin(table, of_this)
    return rows.where(person.root == person.person, func.coalesce(person.erased, false()).is_(False))


def latest_ranks() -> Subquery:
    return select(t.journey.c.person, func.max(t.journey.c.rank).label("rank")).group_by(t.journey.c.person).subquery()


def referrals() -> Select[Any]:
    steps = ("withdrawn", "completed", "declined", "accepted", "seen")  # the last step first
    status = case(*((t.referral.c[f"{step}_on"].is_not(None), step) for step in steps), else_="sent")
    more = [name for name in fields_of(ReferralLine) if name != "status"]
    return select(*columns(t.referral, *more), status.label("status")).where(t.referral.c.sent_on.is_not(None))


def orientations() -> Select[Any]:
    orientation = t.orientation.c
    status = case((orientation.accepted_on.is_not(None), "accepted"), (orientation.declined_on.is_not(None), "declined"), else_="received")
    more = [name for name in fields_of(OrientationLine) if name != "status"]
    return select(*columns(t.orientation, *more), status.label("status")).where(orientation.received_on.is_not(None))


def workshops() -> Select[Any]:
    seat, workshop = t.seat.c, t.workshop.c
    taken = select(func.count()).where(seat.workshop == workshop.workshop, seat.status.in_(["TAKEN", "ATTENDED"])).scalar_subquery()
    status = case((workshop.closed_on.is_not(None), "closed"), else_="scheduled")
    more = [name for name in fields_of(WorkshopLine) if name not in {"status", "taken"}]
    return select(*columns(t.workshop, *more), status.label("status"), taken.label("taken")).where(workshop.held_on.is_not(None))


def loans() -> Select[Any]:
    loan = t.loan.c
    status = case((loan.bought_on.is_not(None), "bought_out"), (loan.returned_on.is_not(None), "returned"), else_="lent")
    more = [name for name in fields_of(LoanLine) if name != "status"]
    return select(*columns(t.loan, *more), status.label("status")).where(loan.lent_on.is_not(None))


def partners() -> Select[Any]:
    return select(*columns(t.partner, *fields_of(PartnerLine)))


def tasks() -> Select[Any]:
    """The open ones."""
    task = t.task.c
    more = [name for name in fields_of(TaskLine) if name != "id"]
    open_ones = task.opened_on.is_not(None), task.completed_on.is_(None)
    return select(task.task.label("id"), *columns(t.task, *more)).where(*open_ones)
